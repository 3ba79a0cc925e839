/**
 * Whole pull requests as reviewers read them. After a change that is meant, write them anew with
 * `UPDATE_GOLDEN=1 npx vitest run test/core/pull-request-golden.test.ts` and read each as a reviewer would.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import {
  type PullRequestSettings,
  pullRequestContent,
  type ReviewedChange,
  readMarker,
} from '../../src/core/pull-request/pull-request.ts';
import { edit, firstDeployment, removal, update } from './support/review-cases.ts';

const golden = join(import.meta.dirname, 'golden-pull-request');
const writesAnew = process.env['UPDATE_GOLDEN'] === '1';

const digest = `sha256:${'6b86b273ff34fce1'.repeat(4)}`;
const own = { title: null, body: null };

const usersTitle = '[{{namespace}}] {{deployment.name}} to {{revision.short}}{{#if riskLabels}} ⚠{{/if}}\n';
const usersBody = `## {{deployment.name}}

{{summary}}
{{#if why}}

Why: {{why}}
{{/if}}
{{#if requester}}

Asked for by {{requester.name}} at {{requestedAt}}, see [the control plane]({{revisionUrl}}).
{{/if}}

{{#each risks}}
- [ ] {{text}}
{{else}}
No risks.
{{/each}}

{{#each files}}
{{@index}}. {{path}} (+{{added}} -{{removed}})
{{/each}}
`;

const proxy = { name: 'proxy', image: 'envoyproxy/envoy' };

interface Case {
  readonly change: ReviewedChange;
  readonly settings?: Partial<PullRequestSettings>;
}

const cases: Readonly<Record<string, Case>> = {
  'first-deployment': {
    change: firstDeployment(
      {
        secretNames: ['OPENAI_API_KEY'],
        agentServer: { auth: { kind: 'none' } },
        namespace: { route: { kind: 'ingress', host: 'agents.example.com', tls: { secretName: 'agents-tls' } } },
      },
      { engine: 'flux' },
    ),
    settings: { labels: ['towpath'] },
  },
  'image-update': {
    change: update(
      { resourceSpec: { min_scale: 1, max_scale: 3 }, secretNames: ['OPENAI_API_KEY'] },
      {
        image: `ghcr.io/acme/research-agent:1.5.0@${digest}`,
        resourceSpec: { min_scale: 2, max_scale: 6, memory_mb: 4096, memory_limit_mb: 6144 },
        secretNames: ['OPENAI_API_KEY', 'TAVILY_API_KEY'],
      },
      { commit: { subject: 'deploy(research-agent): revision 2 (5b1f0a7c), research-agent:1.5.0', why: null } },
      '0123456789',
    ),
  },
  'removal-retained': { change: removal({}) },
  'removal-deleted': { change: removal({ namespace: { deletion: { data: 'delete' } } }, { deletesData: true }) },
  'privileged-sidecar': {
    change: update(
      {},
      {
        image: 'ghcr.io/acme/research-agent:1.4.1',
        resourceSpec: {
          sidecars: [
            {
              ...proxy,
              securityContext: { privileged: true, runAsUser: 0, capabilities: { add: ['NET_ADMIN'] } },
            },
          ],
        },
      },
      { requester: null, requestedAt: null, engine: null },
    ),
  },
  'operator-update': {
    change: update(
      { namespace: { templates: 'lgp', deletion: { data: 'delete' } } },
      {
        image: 'ghcr.io/acme/research-agent:1.5.0',
        namespace: { templates: 'lgp', deletion: { data: 'delete' } },
        resourceSpec: { min_scale: 1, max_scale: 4, db_storage_gi: 20, queue_memory_mb: 4096 },
      },
      { deletesData: true },
    ),
  },
  adoption: {
    change: edit(
      { 'all.yaml': 'apiVersion: v1\nkind: Service\n---\nkind: Pod\n', 'values.txt': 'a\nb\n' },
      { 'api.service.yaml': 'apiVersion: v1\nkind: Service\nmetadata:\n  name: research-agent\n' },
      {
        kind: 'adopt',
        provenance: { before: null, after: firstDeployment().provenance.after },
        commit: { subject: 'adopt(research-agent): revision 1 (e91d7c34)', why: 'Taken over by `towpath adopt`.' },
      },
    ),
  },
  'users-templates': {
    change: update(
      {},
      { image: 'ghcr.io/acme/research-agent:latest' },
      {
        requester: { name: '@octocat | <b>Ada</b>', email: 'ada@example.com', proof: 'admin', key: null },
        commit: { subject: 'x', why: 'fixes #12, says @team' },
      },
    ),
    settings: { templates: { title: usersTitle, body: usersBody } },
  },
};

function contentOf({ change, settings }: Case) {
  return pullRequestContent(change, { labels: [], templates: own, limit: 65_536, ...settings });
}

describe.each(Object.entries(cases))('the pull request "%s"', (name, one) => {
  const { title, labels, body } = contentOf(one);
  const file = join(golden, `${name}.md`);
  const text = `${title}\n\nLabels: ${labels.join(', ') || 'none'}\n\n${'-'.repeat(80)}\n\n${body}`;
  if (writesAnew) {
    if (!existsSync(golden)) mkdirSync(golden);
    writeFileSync(file, text);
  }

  it('reads as reviewers have read it', () => {
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it('opens what it closes, and its tables are tables', () => {
    const rows = body.split('\n').filter((line) => line.startsWith('|'));
    const cells = marked.lexer(body).flatMap((token) => (token.type === 'table' ? [token.header, ...token.rows] : []));

    expect(body.match(/<details>/g)?.length).toBe(body.match(/<\/details>/g)?.length);
    expect(cells).toHaveLength(rows.filter((row) => !/^\| ---/.test(row)).length);
  });

  it('ends with the hidden line, which names deployment, revision and change', () => {
    const known = one.change.provenance.after ?? one.change.provenance.before;

    expect(body).toMatch(/\n\n<!-- towpath \{.*\} -->\n(?:\n(?:[A-Z][A-Za-z-]*: \S.*\n)+)?$/);
    expect(readMarker(body)).toEqual({
      deploymentId: one.change.deployment.id,
      revisionId: known?.revisionId,
      change: one.change.kind,
      inputsDigest: known?.inputsDigest,
      listenerId: known?.listenerId,
      closed: null,
    });
  });
});

it('has no golden pull request without a case', () => {
  if (writesAnew) for (const file of readdirSync(golden)) if (!(file.slice(0, -3) in cases)) rmSync(join(golden, file));

  expect(readdirSync(golden).sort()).toEqual(
    Object.keys(cases)
      .map((name) => `${name}.md`)
      .sort(),
  );
});

it('shows in the README what reviewers get', () => {
  const { body } = contentOf(cases['image-update'] ?? expect.unreachable());
  const [unfolded = ''] = body.split('\n\n<details>');

  expect(readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')).toContain(
    `\`\`\`text\n${unfolded}\n\`\`\`\n`,
  );
});
