/** Deployments of twelve files of 1 to 2 KB, the same in every run; a revision changes three of the twelve. */

export type Layout = 'flat' | 'sharded';
export type File = readonly [path: string, content: string];

const kinds = [
  'api.deployment',
  'api.poddisruptionbudget',
  'api.service',
  'autoscaler.horizontalpodautoscaler',
  'kustomization',
  'network.networkpolicy',
  'postgres.service',
  'postgres.statefulset',
  'queue.deployment',
  'redis.deployment',
  'redis.service',
] as const;
const revised = new Set(['api.deployment', 'queue.deployment']);

/** Which deployment the nth change is about: all over the repository, and each once before any comes again. */
export function changedDeployment(change: number, count: number): number {
  return (change * 7919 + 13) % count;
}

function folderOf(index: number, layout: Layout): string {
  const name = `agent-${String(index).padStart(5, '0')}-${mix(index).toString(16).padStart(8, '0')}`;
  return layout === 'flat' ? `deployments/${name}` : `deployments/${name.slice(-8, -6)}/${name}`;
}

/** All twelve files; those that no revision touches are the same each time. */
export function filesOf(index: number, revision: number, layout: Layout): File[] {
  const folder = folderOf(index, layout);
  const files = kinds.map(
    (kind): File => [`${folder}/${kind}.yaml`, manifest(kind, index, revised.has(kind) ? revision : 0)],
  );
  return [...files, [`${folder}/PROVENANCE`, provenance(index, revision)]];
}

function manifest(kind: string, index: number, revision: number): string {
  const name = folderOf(index, 'flat').slice('deployments/'.length);
  const lines = [
    `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: team-a\n  labels:`,
    `    app.kubernetes.io/name: ${name}\n    app.kubernetes.io/managed-by: towpath`,
    `    towpath.dev/revision-id: "${revision}"\nspec:\n  env:`,
  ];
  let noise = mix(index * 31 + revision * 131 + kind.length);
  for (let line = 0; line < 14 + (index % 10); line++) {
    noise = mix(noise + line);
    lines.push(`    - name: VARIABLE_${line}\n      value: "v-${noise.toString(16)}"`);
  }
  lines.push(`  image: registry.example/team/${name}@sha256:${noise.toString(16).padStart(8, '0').repeat(8)}`);
  return `${lines.join('\n')}\n  note: "${'what every manifest of this kind says '.repeat(6 + (index % 12))}"\n`;
}

function provenance(index: number, revision: number): string {
  const id = mix(index + 7)
    .toString(16)
    .padStart(8, '0');
  return [
    'Change: deploy',
    `Deployment-Id: ${id}-0000-4000-8000-${id.padStart(12, '0')}`,
    `Revision-Id: ${mix(revision + index * 3)
      .toString(16)
      .padStart(8, '0')}-0000-4000-8000-000000000000`,
    `Listener-Id: 6f5c1a52-0000-4000-8000-000000000000`,
    `Inputs-Digest: sha256:${mix(index * 5 + revision)
      .toString(16)
      .padStart(8, '0')
      .repeat(8)}`,
    `Content: sha256:${mix(index * 11 + revision)
      .toString(16)
      .padStart(8, '0')
      .repeat(8)}`,
    '',
  ].join('\n');
}

function mix(seed: number): number {
  let value = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}
