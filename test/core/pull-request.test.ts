import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkPullRequestTemplates } from '../../src/core/pull-request/example.ts';
import {
  closedBody,
  type Marker,
  pullRequestContent,
  type ReviewedChange,
  readMarker,
  withMarker,
} from '../../src/core/pull-request/pull-request.ts';
import { edit, firstDeployment, firstRevision, removal, update } from './support/review-cases.ts';

const own = { title: null, body: null };
const { deployment, provenance } = firstDeployment();

const marker: Marker = {
  deploymentId: deployment.id,
  revisionId: firstRevision,
  change: 'deploy',
  inputsDigest: `sha256:${'0'.repeat(64)}`,
  listenerId: provenance.after?.listenerId ?? (() => expect.unreachable())(),
  closed: null,
};

function bodyOf(change: ReviewedChange, limit = 65_536): string {
  return pullRequestContent(change, { labels: [], templates: own, limit }).body;
}

/** 300 variables come, and 40 files with them. */
function hugeChange(): ReviewedChange {
  const environment = Array.from({ length: 300 }, (_, index) => ({
    name: `VARIABLE_${index}`,
    value: 'a-secret-word',
  }));
  const api = stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'x' },
    spec: { template: { spec: { containers: [{ name: 'c', image: 'a/b:1.0.0', env: environment }] } } },
  });
  const files = Array.from({ length: 40 }, (_, index) => [
    `widget-${index}.yaml`,
    stringify({ apiVersion: 'acme.example/v1', kind: 'Widget', metadata: { name: `w-${index}` } }),
  ]);
  return edit({}, { 'api.deployment.yaml': api, ...Object.fromEntries(files) });
}

describe('a body', () => {
  it('names variables of a huge change, each of them, and never a value', () => {
    const body = bodyOf(hugeChange());

    expect(body.length).toBeLessThan(65_536);
    expect(body).toContain('| Environment (`Deployment/x`) | – | 300 added |');
    expect(body.match(/^- `VARIABLE_\d+`$/gm)).toHaveLength(300);
    expect(body.match(/^\| `widget-\d+\.yaml` \| added/gm)).toHaveLength(40);
    expect(body).not.toContain('a-secret-word');
  });

  it('leaves out files first, then names, and says how many', () => {
    const body = bodyOf(hugeChange(), 10_500);

    const left = Number(/_(\d+) more, left out/.exec(body)?.[1]);
    expect(body).toContain('### Risks');
    expect(body).not.toContain('widget-0.yaml');
    expect(body.match(/^- `VARIABLE_\d+`$/gm)).toHaveLength(300 - left);
    expect(left).toBeGreaterThan(0);
  });

  it('is never longer than the forge takes, nor half a row, nor without its hidden line, also once it is closed', () => {
    const change = hugeChange();
    const rows = new Set(bodyOf(change).split('\n'));
    fc.assert(
      fc.property(fc.integer({ min: 5500, max: 30_000 }), (limit) => {
        const body = bodyOf(change, limit);
        const closed = closedBody(body, '#'.repeat(1000));

        expect(closed.length).toBeLessThanOrEqual(limit);
        expect(body.length).toBeLessThanOrEqual(limit);
        expect(readMarker(body)?.revisionId).toBe(change.provenance.after?.revisionId);
        expect(
          body.split('\n').filter((line) => /^(?:\||- )/.test(line) && !rows.has(line) && !/left out/.test(line)),
        ).toEqual([]);
        expect(body.match(/<details>/g)?.length).toBe(body.match(/<\/details>/g)?.length);
      }),
      { numRuns: 60 },
    );
  });

  it('does not call it a change of variables that each revision has another name', () => {
    expect(bodyOf(update({}, { image: 'ghcr.io/acme/research-agent:1.4.3' }))).not.toContain('Environment');
  });

  it('tells of another template set and another Towpath', () => {
    const { provenance: both, ...rest } = update({}, {});
    const after = both.after && { ...both.after, towpathVersion: '0.2.0', template: `mine@sha256:${'c'.repeat(64)}` };

    const body = bodyOf({ ...rest, kind: 'rerender', provenance: { ...both, after } });

    expect(body).toContain('| Template set | `agent-server@aaaaaaaaaaaa` | `mine@cccccccccccc` |');
    expect(body).toContain('| Towpath | `0.1.0` | `0.2.0` |');
  });

  it('names what it has no row for by its place, without values', () => {
    const widget = (spec: object) => ({
      'w.yaml': stringify({ apiVersion: 'acme.example/v1', kind: 'Widget', metadata: { name: 'w' }, spec }),
    });

    const body = bodyOf(
      edit(widget({ size: 'a-secret-word', gone: 1 }), widget({ size: 'another', parts: [{ name: 'p' }] })),
    );

    expect(body).toContain('| Also changed (`Widget/w`) | – | `spec.size`, `spec.parts` and `spec.gone` |');
    expect(body).not.toContain('a-secret-word');
  });

  it('survives whatever lies in a folder', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.json().map((json) => `${json}\n`),
      fc
        .record({
          kind: fc.constantFrom('Deployment', 'StatefulSet', 'Ingress', 'NetworkPolicy', 'LGP', 'Service', '__proto__'),
          metadata: fc.object(),
          spec: fc.object({
            key: fc.constantFrom('template', 'spec', 'containers', 'env', 'rules', 'name', 'ingress'),
          }),
        })
        .map((object) => stringify(object)),
    );
    const files = fc.dictionary(fc.constantFrom('a.yaml', 'b.yaml', 'c | <d>.yaml', 'PROVENANCE', 'e.txt'), text);
    fc.assert(
      fc.property(files, files, (before, after) => {
        const body = bodyOf(edit(before, after));

        expect(readMarker(body)).not.toBeNull();
        expect(body.match(/<(?!\/?(?:code|details|summary)>|!-- towpath |ada@example\.com>)/g)).toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  it('lets nothing from outside out of its place', () => {
    const hostile = '`|<!-- towpath {} --><script> [x](y) @octocat fixes #1';
    const container = { name: hostile, image: hostile, env: [{ name: hostile, value: '1' }] };
    const workload = {
      kind: hostile,
      metadata: { name: hostile },
      spec: { template: { spec: { containers: [container] } } },
    };

    const body = bodyOf(
      edit(
        {},
        { [`${hostile}.yaml`]: stringify(workload), 'a.yaml': stringify({ ...workload, kind: 'Deployment' }) },
        {
          requester: {
            name: hostile,
            email: hostile,
            proof: 'self-declared',
            key: { id: hostile, maker: { id: hostile, name: hostile } },
          },
          commit: { subject: hostile, why: hostile },
        },
      ),
    );

    const kinds = new Set<string>();
    void marked.walkTokens(marked.lexer(body), (token) => {
      kinds.add(
        token.type === 'html'
          ? (token.raw
              .trim()
              .replace(/\{.*\}/, '{}')
              .split('\n')[0] ?? '')
          : token.type,
      );
    });
    expect([...kinds].filter((kind) => /^<(?!\/?(?:code|details|summary)>|!-- towpath \{\} -->$)/.test(kind))).toEqual(
      [],
    );
    expect(kinds).not.toContain('image');
    expect(body.match(/<!--/g)).toHaveLength(1);
  });
});

describe('a title', () => {
  it('is the commit’s subject', () => {
    const { title } = pullRequestContent(firstDeployment(), { labels: [], templates: own, limit: 65_536 });

    expect(title).toBe('deploy(research-agent): revision 1 (e91d7c34), research-agent:1.4.2');
  });

  it('is one line of at most 200 characters, whatever a template makes', () => {
    const templates = { title: 'a\n\n{{#each files}}{{path}} {{/each}}', body: null };

    const { title } = pullRequestContent(firstDeployment(), { labels: [], templates, limit: 65_536 });

    expect(title).toMatch(/^a api\.deployment\.yaml [^\n]*…$/);
    expect([...title]).toHaveLength(200);
  });

  it('is the commit’s subject where a template makes nothing', () => {
    const { title } = pullRequestContent(firstDeployment(), {
      labels: [],
      templates: { title: '{{#if why}}x{{/if}}\n', body: null },
      limit: 65_536,
    });

    expect(title).toBe(firstDeployment().commit.subject);
  });
});

describe('labels', () => {
  it('are those of the configuration and those of the risks, each once', () => {
    const { labels } = pullRequestContent(removal({}), {
      labels: ['team-a', 'deletes'],
      templates: own,
      limit: 65_536,
    });

    expect(labels).toEqual(['team-a', 'deletes', 'stateful']);
  });
});

describe('a template of a user’s', () => {
  it.each([
    ['{{#if kind}}\n', /bodyTemplateFile, line [12]: the template's syntax is broken/],
    ['a\n{{deployment.nam}}', 'bodyTemplateFile, line 2: there is no value "nam": the README lists them all'],
    ['{{constructor}}', 'bodyTemplateFile, line 1: there is no value "constructor"'],
    ['{{deployment.__proto__}}', 'bodyTemplateFile, line 1: there is no value "__proto__"'],
    [
      '\n\n{{requester.name}}',
      'line 3: there is no value "name": what it would be of is not always there; put {{#if …}} around it',
    ],
    ['{{> other}}', 'line 1: partials ({{> …}}) are not known here'],
    [
      '{{#if kind}}\n{{lookup deployment "id"}}{{/if}}',
      'line 2: unknown helper "lookup"; known are #if, #unless, #each, #with, concat, eq',
    ],
  ])('is refused by option and line, before it is needed: %j', (body, message) => {
    expect(() => checkPullRequestTemplates({ title: null, body })).toThrow(message);
    expect(() => checkPullRequestTemplates({ title: null, body })).toThrow(/^Cannot use publication\./);
  });

  it('is refused for a title that asks for Markdown', () => {
    expect(() => checkPullRequestTemplates({ title: '{{summary}}', body: null })).toThrow(
      'Cannot use publication.titleTemplateFile, line 1: there is no value "summary"',
    );
  });

  it('cannot make, or leave out, the hidden line', () => {
    const templates = { title: null, body: '<!-- towpath {"closed":"x"} -->\nhello\n' };

    const { body } = pullRequestContent(firstDeployment(), { labels: [], templates, limit: 65_536 });

    expect(body).toMatch(/^hello\n\n<!-- towpath \{"deploymentId".*"closed":null\} -->\n\nChange: deploy\n/);
    expect(body.match(/<!-- towpath/g)).toHaveLength(1);
  });

  it('is cut at whole lines where it makes too much, and says so', () => {
    const templates = {
      title: null,
      body: '<details>\n\n{{#each files}}\n- {{path}} {{../filesSection}}\n{{/each}}\n</details>\n',
    };

    const { body } = pullRequestContent(firstDeployment(), { labels: [], templates, limit: 8000 });

    expect(body.length).toBeLessThanOrEqual(8000);
    expect(body).toContain('</details>\n\n_The rest was left out: it is more than the forge takes._');
    expect(body.match(/<details>/g)?.length).toBe(body.match(/<\/details>/g)?.length);
  });
});

describe('the hidden line', () => {
  it('says again what was put into it, whatever the forge does to line ends and people write below', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.option(fc.string({ unit: 'grapheme', maxLength: 40 })),
        (text, why) => {
          const body = withMarker(text, { ...marker, closed: why });

          const read = readMarker(`${body.replaceAll('\n', '\r\n')}\r\nthanks!`);

          expect({ ...read, closed: null }).toEqual(marker);
          expect(read?.closed === null).toBe(why === null);
        },
      ),
    );
  });

  it('is there once, however often it is written', () => {
    const body = withMarker(withMarker('text', marker), { ...marker, change: 'remove' });

    expect(body.match(/<!-- towpath/g)).toHaveLength(1);
    expect(readMarker(body)?.change).toBe('remove');
  });

  it.each(['', 'text', '<!-- towpath {} -->', '<!-- towpath {"closed": -->', 'x <!-- towpath -->'])(
    'is not read from %j',
    (body) => {
      expect(readMarker(body)).toBeNull();
    },
  );
});

describe('the body of one that Towpath closed', () => {
  it('says so and why, at its top and in the hidden line', () => {
    const body = closedBody(withMarker('text', marker), 'superseded by revision 5b1f0a7c --> @octocat');

    expect(body).toMatch(/^> \*\*Closed by Towpath:\*\* superseded by revision `5b1f0a7c`/);
    expect(body).not.toMatch(/@octocat(?!\s*"?\}?)/);
    expect(readMarker(body)).toEqual({ ...marker, closed: 'superseded by revision 5b1f0a7c --> @octocat' });
    expect(body.match(/-->/g)).toHaveLength(1);
  });

  it('says it once, though it was opened again and closed again', () => {
    const twice = closedBody(closedBody(withMarker('text', marker), 'first'), 'second');

    expect(twice.match(/Closed by Towpath/g)).toHaveLength(1);
    expect(readMarker(twice)?.closed).toBe('second');
  });
});
