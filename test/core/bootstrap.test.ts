/**
 * What Argo CD and Flux are given. After a change that is meant, write the golden files anew with
 * `UPDATE_GOLDEN=1 npx vitest run test/core/bootstrap.test.ts` and read the diff as a platform engineer would.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTemplateSet } from '../../src/adapters/template-folder.ts';
import { argoCdObjects, ownCluster } from '../../src/core/bootstrap/argo-cd.ts';
import { argoCdCredentials, fluxCredentials } from '../../src/core/bootstrap/credentials.ts';
import { fluxObjects, fluxUrl } from '../../src/core/bootstrap/flux.ts';
import { emittedKinds, resourceOf, unreadableKinds } from '../../src/core/bootstrap/kinds.ts';
import { bootstrapFile, bootstrapName, bootstrapText, distinctObjects } from '../../src/core/bootstrap/object.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';

const golden = join(import.meta.dirname, 'golden-bootstrap');
const namespace = NamespaceName.parse('team-a');
const { files } = await readTemplateSet('agent-server', '.');
const kinds = emittedKinds(files, []);

const plain = Namespace.parse({ repository: 'https://git.example/deployments/team-a.git' });
const everything = Namespace.parse({
  repository: 'git@git.example:deployments/team-a.git',
  branch: 'live',
  layout: 'sharded',
  credentials: { sshKeyFile: 'id_ed25519', sshKnownHostsFile: 'known_hosts' },
  kustomize: { components: ['components/defaults', 'shared/limits'] },
  argoCd: { namespace: 'cd', project: 'agents' },
  flux: { namespace: 'tenants', gitRepository: 'agents', serviceAccountName: 'applier' },
});
const keyIds = ['D56C4FCA57A46444'];
const unsigned = { kind: 'none' } as const;

const cases = {
  'argo-cd': argoCdObjects({ namespace, settings: plain, kinds, server: ownCluster, signatures: unsigned }),
  'argo-cd-everything': argoCdObjects({
    namespace,
    settings: everything,
    kinds: emittedKinds(files, ['example.com/v1/Widget']),
    server: 'https://cluster.example:6443',
    signatures: { kind: 'source-integrity', keyIds },
  }),
  flux: fluxObjects({ namespace, settings: plain, kinds, verifySecret: null }),
  'flux-everything': fluxObjects({ namespace, settings: everything, kinds, verifySecret: 'signers' }),
};

describe.each(Object.entries(cases))('%s', (name, objects) => {
  const written = Object.fromEntries(objects.map((object) => [bootstrapFile(object), bootstrapText(object)]));
  if (process.env['UPDATE_GOLDEN'] === '1') writeGolden(join(golden, name), written);

  it('reads as platform engineers have read it', () => {
    expect(written).toEqual(readGolden(join(golden, name)));
  });
});

describe('the kinds that a project allows', () => {
  it('are those that the templates emit, and those that the policy adds', () => {
    const found = emittedKinds(new Map([['api.yaml.hbs', 'apiVersion: apps/v1\nkind: Deployment\n']]), [
      'v1/ConfigMap',
      'example.com/v1/Widget',
      'apps/v1/Deployment',
    ]);

    expect(found).toEqual([
      { group: '', kind: 'ConfigMap' },
      { group: 'apps', kind: 'Deployment' },
      { group: 'example.com', kind: 'Widget' },
    ]);
  });

  it('are not those of what an object holds', () => {
    const template = 'apiVersion: v1\nkind: Pod\nspec:\n  ref:\n    apiVersion: x/v1\n    kind: Inner\n';

    expect(emittedKinds(new Map([['pod.yaml.hbs', template]]), [])).toEqual([{ group: '', kind: 'Pod' }]);
  });

  it.each([
    ['cluster', []],
    ['sealed-secrets', [{ group: 'bitnami.com', kind: 'SealedSecret' }]],
    ['sops', [{ group: '', kind: 'Secret' }]],
    ['external-secrets', [{ group: 'external-secrets.io', kind: 'ExternalSecret' }]],
  ] as const)('count what lies beside the manifests with secrets.mode %s', (mode, kinds) => {
    expect(emittedKinds(new Map(), [], mode)).toEqual(kinds);
  });

  it('cannot be read where a template makes them up', () => {
    const odd = new Map([
      ['odd.yaml.hbs', 'apiVersion: v1\nkind: {{kind}}\n'],
      ['values.schema.json', '{}'],
    ]);

    expect(unreadableKinds(odd)).toEqual(['odd.yaml.hbs']);
    expect(unreadableKinds(files)).toEqual([]);
  });

  it.each([
    ['NetworkPolicy', 'networkpolicies'],
    ['Ingress', 'ingresses'],
    ['LGP', 'lgps'],
    ['HTTPRoute', 'httproutes'],
    ['ServiceAccount', 'serviceaccounts'],
  ])('are asked for by their plural: %s, %s', (kind, plural) => {
    expect(resourceOf({ group: '', kind })).toBe(plural);
  });
});

describe('signatures', () => {
  it('are written in one way only, since Argo CD refuses both at once', () => {
    const project = (kind: 'source-integrity' | 'signature-keys') =>
      argoCdObjects({ namespace, settings: plain, kinds, server: ownCluster, signatures: { kind, keyIds } })[0]?.[
        'spec'
      ];

    expect(project('signature-keys')).toMatchObject({ signatureKeys: [{ keyID: keyIds[0] }] });
    expect(project('signature-keys')).not.toHaveProperty('sourceIntegrity');
    expect(project('source-integrity')).not.toHaveProperty('signatureKeys');
  });
});

describe('names', () => {
  it('fit into a label, and stay apart', () => {
    const long = 'a'.repeat(63);
    const [one, other] = [
      bootstrapName(NamespaceName.parse(long)),
      bootstrapName(NamespaceName.parse(`${long.slice(1)}b`)),
    ];

    expect(one.length).toBeLessThanOrEqual(63);
    expect(one).not.toBe(other);
    expect(bootstrapName(namespace)).toBe('towpath-team-a');
  });

  it.each([
    ['git@git.example:team/x.git', 'ssh://git@git.example/team/x.git'],
    ['ssh://git@git.example:2222/team/x.git', 'ssh://git@git.example:2222/team/x.git'],
    ['https://git.example/team/x.git', 'https://git.example/team/x.git'],
  ])('of repositories become URLs for Flux: %s', (repository, url) => {
    expect(fluxUrl(repository)).toBe(url);
  });

  it('that two namespaces share come once', () => {
    const other = fluxObjects({
      namespace: NamespaceName.parse('team-b'),
      settings: everything,
      kinds,
      verifySecret: null,
    });
    const accounts = distinctObjects([...cases['flux-everything'], ...other]).filter(
      ({ kind }) => kind === 'ServiceAccount',
    );

    expect(accounts).toHaveLength(1);
  });
});

describe('credentials', () => {
  const withToken = Namespace.parse({
    repository: "https://git.example/it's.git",
    credentials: { username: 'bot', passwordFile: 'may-push' },
    caFile: 'private.pem',
  });

  it('are asked of a person, read-only ones, and never those that may push', () => {
    const lines = [...argoCdCredentials(namespace, withToken), ...fluxCredentials(namespace, withToken)].join('\n');

    expect(lines).toContain('--from-literal=username=bot --from-file=password=read-only-token');
    expect(lines).toContain("--from-literal='url=https://git.example/it'\\''s.git'");
    expect(lines).toContain('--from-file=ca.crt=ca.crt');
    expect(lines).not.toContain('may-push');
  });

  it('are named as the GitRepository names them', () => {
    const [repository] = fluxObjects({ namespace, settings: withToken, kinds, verifySecret: null });

    expect(repository?.['spec']).toMatchObject({ secretRef: { name: 'towpath-team-a-git' } });
    expect(fluxCredentials(namespace, withToken).join('\n')).toContain('secret generic towpath-team-a-git ');
  });

  it('are not asked for where the repository needs none', () => {
    expect([...argoCdCredentials(namespace, plain), ...fluxCredentials(namespace, plain)]).toEqual([]);
  });
});

function writeGolden(folder: string, texts: Readonly<Record<string, string>>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(texts)) writeFileSync(join(folder, file), text);
}

function readGolden(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}
