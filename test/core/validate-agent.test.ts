/** An LGP is judged as the pods are that the operator makes of it: one edit in one that is right, and what is said. */
import { expect, it } from 'vitest';
import { complaintsAbout, render } from './support/agent-server.ts';
import { renderCases } from './support/render-cases.ts';

const input = renderCases['lgp-every-field'] ?? expect.fail('there is no such case');
const file = 'agent.lgp.yaml';

function edited(search: string | RegExp, replacement: string): ReadonlyMap<string, string> {
  return new Map(
    [...render(input)].map(([path, text]) => {
      if (path !== file) return [path, text];
      const changed = text.replace(search, () => replacement);
      if (changed === text) throw new Error(`${file} has no ${search}`);
      return [path, changed];
    }),
  );
}

const foreign = 'billing-bot-0123456789';
const server = '  serverSpec:\n';
const shared = 'spec:\n  labels:\n';

type Edit = readonly [title: string, search: string | RegExp, replacement: string, said: readonly string[]];

const edits: readonly Edit[] = [
  ['a field that there is not', server, `${server}    replica: 1\n`, ['"replica"']],
  ['another type', 'numJobsPerWorker: 20', 'numJobsPerWorker: many', ['/spec/serverSpec/numJobsPerWorker']],
  ['a field that no container has', 'image: acme/metrics:2', 'image: acme/metrics:2\n        cmd: [x]', ['"cmd"']],
  ['a switch that is missing', '  ingress:\n    enabled: true\n', '  ingress: {}\n', ['enabled']],
  ['replicas beside an autoscaler', server, `${server}    replicas: 2\n`, ['leave replicas out']],
  ['bounds the wrong way round', 'maxReplicas: 6', 'maxReplicas: 1', ['is below minReplicas, which is 2']],
  [
    'the database of a neighbour',
    /secretName: .*/,
    `secretName: ${foreign}-database`,
    ['belongs to another deployment'],
  ],
  ['one password for all', /\n +secretName: .*/, '', ['one and the same password']],
  ['a Secret of a neighbour', 'name: search\n', `name: ${foreign}-env-0123456789\n`, ['belongs to another deployment']],
  [
    'a variable that comes twice',
    'name: OPENAI_API_KEY\n',
    'name: TAVILY_API_KEY\n',
    ['repeats name "TAVILY_API_KEY"'],
  ],
  ['the account of a neighbour', 'Name: agents', `Name: ${foreign}`, ['belongs to another deployment']],
  ['a door to the node', 'emptyDir: {}', 'hostPath: { path: / }', ['policy.allowHostAccess']],
  ['a sidecar with rights', /Escalation: false(?![\s\S]*Escalation)/, 'Escalation: true', ['policy.allowPrivileged']],
  ['a sidecar of a name that is taken', '- name: metrics', '- name: fetch', ['repeats the container name "fetch"']],
  [
    'a mount of nothing',
    '- name: scratch\n        mount',
    '- name: other\n        mount',
    ['there is no volume "other"'],
  ],
  ['a mount over what is vital', 'mountPath: /scratch', 'mountPath: /usr', ['would hide /usr']],
  [
    'a toleration without key',
    '\nspec:\n',
    '\nspec:\n  tolerations: [{ value: x }]\n',
    ['tolerates every taint only with operator Exists'],
  ],
  ['a revision on everything', shared, `${shared}    towpath.dev/revision-id: x\n`, ['would roll the database']],
  ['what an engine owns', shared, `${shared}    app.kubernetes.io/instance: x\n`, ['belongs to the GitOps engine']],
  ['what the operator selects by', shared, `${shared}    app: ${foreign}\n`, ['selects pods by this label']],
  [
    'pods that nobody finds',
    /(?<=\nspec:[\s\S]*)\n +towpath.dev\/listener-id: .*/,
    '',
    ['misses towpath.dev/listener-id'],
  ],
];

it.each(edits)('refuses %s', (_, search, replacement, said) => {
  const complaints = complaintsAbout(edited(search, replacement), input);

  expect(complaints).toHaveLength(said.length);
  for (const [index, sentence] of said.entries()) expect(complaints[index]).toContain(sentence);
});

it('demands the revision of the pods of the server', () => {
  const text = render(input).get(file) ?? '';
  const [before = '', after = ''] = text.split(server);
  const files = new Map(render(input)).set(
    file,
    before + server + after.replace(/ +towpath.dev\/revision-id: .*\n/, ''),
  );

  expect(complaintsAbout(files, input)).toEqual([
    expect.stringContaining('no workload bears towpath.dev/revision-id'),
    expect.stringContaining('expected the same towpath.dev/revision-id on the workload and on its pod template'),
  ]);
});
