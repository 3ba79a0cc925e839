/** The Kustomize bases, as far as they can be judged without kustomize; test/e2e/install.test.ts builds them. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkConfiguration } from '../../src/cli/configuration/load.ts';
import * as access from '../../src/core/required-access.ts';
import { document, documents, filesUnder, type PolicyRule, packageVersion, policyRules, read, root } from './files.ts';

const folder = 'templates/install/kustomize';
const files = filesUnder(folder);

interface Kustomization {
  readonly resources?: readonly string[];
  readonly patches?: readonly { readonly patch: string }[];
  readonly configMapGenerator?: readonly { readonly files: readonly string[] }[];
}
interface Role {
  readonly kind: string;
  readonly rules: readonly PolicyRule[];
}

describe.each([
  ['access/served-namespace/role.yaml', access.servedNamespaceAccess],
  ['access/argo-cd/role.yaml', access.argoCdAccess],
  ['access/flux/role.yaml', access.fluxAccess],
  ['listener/leader-election.yaml', access.leaderElectionAccess],
])('%s', (file, needed) => {
  const [role, binding] = documents<Role>(join(folder, file));

  it('grants what the listener needs, no more and no less', () => {
    expect(role?.kind).toBe('Role');
    expect(role?.rules).toEqual(policyRules(needed));
  });

  it('grants it to the account that the listener runs as', () => {
    expect(binding).toMatchObject({
      kind: 'RoleBinding',
      subjects: [{ kind: 'ServiceAccount', name: 'towpath-listener', namespace: 'towpath' }],
    });
    expect(document(`${folder}/listener/serviceaccount.yaml`)).toHaveProperty('metadata.name', 'towpath-listener');
  });
});

describe('the bases', () => {
  it('are YAML, each file of them', () => {
    const broken = files.filter((file) => documents(file).some((one) => typeof one !== 'object' || one === null));

    expect(files.length).toBeGreaterThan(15);
    expect(broken).toEqual([]);
  });

  it('name every file that lies there, and only such', () => {
    const named = files
      .filter((file) => file.endsWith('/kustomization.yaml'))
      .flatMap((file) => namedBy(document<Kustomization>(file)).map((name) => join(dirname(file), name)));
    const plain = files.filter((file) => !file.endsWith('/kustomization.yaml'));

    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(plain.filter((file) => !named.includes(file))).toEqual([]);
  });

  it('run this version', () => {
    const images = files.flatMap((file) => [...read(file).matchAll(/image: (\S+)/g)].map((match) => match[1]));

    expect(images).toEqual([
      `registry.example/towpath:${packageVersion}`,
      `registry.example/towpath:${packageVersion}`,
    ]);
    expect(read(`${folder}/example/kustomization.yaml`)).toContain(`newTag: ${packageVersion}\n`);
  });

  it.each(['listener', 'example'])('hold a configuration that is valid: %s', (base) => {
    expect(checkConfiguration(read(`${folder}/${base}/towpath.yaml`), base)).toMatchObject({
      kind: 'valid',
      configuration: { monitoring: { host: '0.0.0.0', port: 9464 }, listener: { leaderElection: {} } },
    });
  });
});

describe('access/without-secrets', () => {
  it('takes away the rights on Secrets, and no others', () => {
    const { patches = [] } = document<Kustomization>(`${folder}/access/without-secrets/kustomization.yaml`);
    const [role] = documents<Role>(`${folder}/access/served-namespace/role.yaml`);
    const operations = patches.flatMap(({ patch }) => parse(patch) as readonly { op: string; path: string }[]);
    const removed = operations.filter(({ op }) => op === 'remove').map(({ path }) => Number(path.split('/').at(-1)));

    const kept = role?.rules.filter((_, index) => !removed.includes(index));

    expect(kept).toEqual(policyRules(access.servedAccessWith('sealed-secrets')));
  });
});

function namedBy({ resources = [], configMapGenerator = [] }: Kustomization): readonly string[] {
  return [...resources, ...configMapGenerator.flatMap((one) => one.files)];
}
