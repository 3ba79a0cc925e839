import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { render } from './support/agent-server.ts';
import { renderInput } from './support/render-input.ts';

const marker = 'towpath-marker';
const readers = {
  'YAML 1.1': (text: string) => parse(text, { version: '1.1' }),
  'js-yaml': (text: string) => load(text),
};

/** Both shipped sets with one text wherever a client or the configuration may write freely. */
function carrying(text: string): ReadonlyMap<string, string> {
  const lgp = render(
    renderInput({
      ...asked(text),
      namespace: { templates: 'lgp', deletion: { data: 'delete' } },
      agentServer: { environment: { TEXT: text } },
    }),
  );
  return new Map([...agentServer(text), ...[...lgp].map(([file, rendered]) => [`lgp/${file}`, rendered] as const)]);
}

function asked(text: string) {
  return {
    resourceSpec: {
      labels: { team: text },
      annotations: { note: text },
      volumes: [{ name: text, configMap: { name: text, items: [{ key: text, path: text }] } }],
      volume_mounts: [{ name: text, mountPath: text, subPath: text }],
      init_containers: [{ name: text, image: text, command: [text], args: [text, text], workingDir: text }],
      sidecars: [{ name: 's', image: text, env: [{ name: 'X', value: text }], envFrom: [{ prefix: text }] }],
    },
    secretReferences: [{ name: 'TOKEN', secret_name: text, secret_key: text }],
  };
}

function agentServer(text: string): ReadonlyMap<string, string> {
  const input = renderInput({
    ...asked(text),
    agentServer: {
      auth: { kind: 'none' },
      environment: { TEXT: text },
      pods: { nodeSelector: { pool: text }, affinity: { note: text } },
    },
  });
  // The configuration takes no such images and classes; what is rendered must not depend on that.
  const image = `x${text}`;
  const database = { kind: 'in-cluster', image, storageClassName: image } as const;
  const route = { kind: 'ingress', host: 'agents.example.com', className: text, annotations: { note: text } } as const;
  return render({
    ...input,
    namespace: { ...input.namespace, route },
    agentServer: { ...input.agentServer, database, redis: { kind: 'in-cluster', image } },
  });
}

const expected = new Map([...carrying(marker)].map(([file, text]) => [file, load(text)]));

describe.each(Object.entries(readers))('whatever a client writes, read by %s', (_, read) => {
  it.each([
    'x\n---\nkind: Secret',
    'x\n...\n',
    'x"\nkind: "Secret',
    "x'\nkind: Secret",
    'x: y',
    'x #',
    '{{namespace}}',
    '{{{namespace}}}',
    '{{#each x}}',
    '\\{{x}}',
    ', evil: true',
    '] evil: [',
    '} evil: {',
    '*anchor',
    '&anchor x',
    '!!binary x',
    '<<: *x',
    '|\n  x',
    '>-\n  x',
    '? x\n: y',
    '\u2028kind: Secret',
    '\u0085kind: Secret',
    '\u0000',
    'yes',
    '1_000',
    '🚀'.repeat(9000),
  ])('%j changes no key, no document and no file', (text) => {
    expectOnlyThis(text, read);
  });

  it('any text changes no key, no document and no file', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (text) => expectOnlyThis(text, read)),
      { numRuns: 60 },
    );
  });
});

it('refuses a text that is none', () => {
  expect(() => carrying('\ud83d')).toThrow(/agent\.lgp\.yaml\.hbs:\d+: cannot write ".+": .*surrogate/);
});

function expectOnlyThis(text: string, read: (text: string) => unknown): void {
  const files = carrying(text);

  expect([...files.keys()]).toEqual([...expected.keys()]);
  for (const [file, rendered] of files) expect(read(rendered)).toEqual(withText(expected.get(file), text));
}

/** The expected data with the text in the marker's place; plain environment has its `$` doubled for Kubernetes. */
function withText(value: unknown, text: string): unknown {
  if (typeof value === 'string') return value.endsWith(marker) ? value.slice(0, -marker.length) + text : value;
  if (Array.isArray(value)) return value.map((item) => withText(item, text));
  if (typeof value !== 'object' || value === null) return value;
  const literal = 'name' in value && value.name === 'TEXT' && /\$[$(]/.test(text);
  const inner = literal ? text.replaceAll('$', '$$$$') : text;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withText(entry, inner)]));
}
