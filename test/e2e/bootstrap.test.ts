/** What `towpath bootstrap` makes, on the real engines: strict fields, least rights, every kind in sync, nothing left behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import type { Check } from '../../src/cli/doctor/check.ts';
import { fluxKustomization, fluxKustomizationPath, fluxReadme, fluxReadmePath } from '../../src/core/flux/objects.ts';
import { Flux } from '../../src/domain/configuration-cluster.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import type { ResourceName } from '../../src/domain/resource-name.ts';
import { runTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';
import type { TestRepository } from '../support/test-repository.ts';
import { administrator, eventually, makeNamespace, makeRepository, uniqueName } from './harness/fixtures.ts';
import { type KubernetesObject, reference } from './harness/kubernetes.ts';

type Engine = 'argo-cd' | 'flux';

interface Place {
  readonly namespace: string;
  readonly repository: TestRepository;
  readonly config: string;
  readonly flux: Flux;
}

interface Application extends KubernetesObject {
  readonly status?: {
    readonly sync?: { readonly status: string; readonly revision: string };
    readonly resources?: readonly { readonly kind: string; readonly status: string }[];
    readonly operationState?: { readonly phase: string };
    readonly conditions?: readonly { readonly type: string; readonly message: string }[];
  };
}

interface Kustomization extends KubernetesObject {
  readonly status?: {
    readonly lastAppliedRevision?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

const cluster = inject('cluster');
const client = administrator();
const golden = join(import.meta.dirname, '../core/golden');
/** Together they hold every kind that is rendered. */
const renderings = ['every-field', 'external', 'horizontal-autoscaler'];
const signing: Readonly<Record<Engine, readonly string[]>> = {
  'argo-cd': ['--gpg-key D56C4FCA57A46444', '--gpg-key D56C4FCA57A46444 --signature-keys'],
  flux: ['--verify-secret signers'],
};
const places: (readonly [Engine, Place])[] = [];

afterAll(async () => {
  for (const [engine, place] of places) await takeAway(engine, place);
}, 240_000);

describe.each<Engine>(['argo-cd', 'flux'])('bootstrap %s', (engine) => {
  it('applies objects that the API server takes as they are, and once is enough', async () => {
    const place = await makePlace(engine);

    const first = await bootstrap(engine, place);
    const second = await bootstrap(engine, place);

    expect(first).not.toMatch(/changed/);
    expect(second.split('\n')).toHaveLength(first.split('\n').length);
    expect(second).not.toMatch(/ (?:created|changed)$/m);
  });

  it.each(signing[engine])('applies what verifies signatures: %s', async (words) => {
    const place = await makePlace(engine);

    expect(await bootstrap(engine, place, words.split(' '))).toMatch(/ created$/m);
    expect(await bootstrap(engine, place)).toMatch(/^(?:AppProject|GitRepository) .* changed$/m);
  });

  it('leaves the doctor to tell which rights an account lacks', async () => {
    const place = await makePlace(engine);
    await bootstrap(engine, place);

    const checks = await failuresOf(place, '--as', `system:serviceaccount:${place.namespace}:default`);

    expect(checks.map(({ title, verdict }) => `${title} ${verdict}`)).toEqual(['rights failed', 'rights warning']);
    expect(checks[0]?.message).toContain(`list, watch pods in ${place.namespace}`);
  });

  it.each(renderings)(
    'brings a deployment with all its kinds into the cluster, and takes it away: %s',
    async (rendering) => {
      const place = await makePlace(engine);
      const name = uniqueName('agent');
      await bootstrap(engine, place);
      const commit = await place.repository.seed(filesOf(place, name, rendering));

      await eventually('the deployment to be in sync', () => isInSync(engine, place, name, commit), 120_000);
      expect(await failuresOf(place)).toEqual([]);
      const removal = Object.keys(filesOf(place, name, rendering)).filter((path) => path !== fluxReadmePath);
      await place.repository.seed({
        ...Object.fromEntries(removal.map((path) => [path, null])),
        'README.md': 'empty\n',
      });

      await refresh(engine, place);
      await eventually('the deployment to be gone', () => isGone(place), 120_000);
    },
  );
});

async function makePlace(engine: Engine): Promise<Place> {
  const namespace = await makeNamespace(`bootstrap-${engine}`);
  const repository = await makeRepository(namespace);
  const folder = await temporaryFolder('bootstrap');
  const { username, password } = cluster.git;
  await writeFile(join(folder, 'password'), password);
  await writeFile(join(folder, 'key'), 'ab'.repeat(32));
  // A service account that may do what bootstrap lets it do, and nothing else.
  const flux = {
    namespace: cluster.flux.namespace,
    interval: '1h',
    retryInterval: '2s',
    serviceAccountName: namespace,
  };
  const configuration = {
    controlPlane: { url: 'http://127.0.0.1:1', apiKeyFile: 'key' },
    listener: { id: '0b6c0000-0000-4000-8000-000000000001' },
    cluster: { kubeconfig: cluster.kubeconfig },
    agentServer: {
      database: { kind: 'external' },
      licenseKey: { secretName: 'langsmith', key: 'license' },
    },
    namespaces: {
      [namespace]: {
        repository: repository.url,
        credentials: { username, passwordFile: 'password' },
        secrets: { keyFile: 'key' },
        engine,
        argoCd: { namespace: cluster.argoCd.namespace },
        flux,
      },
    },
  };
  const place = { namespace, repository, config: join(folder, 'towpath.yaml'), flux: Flux.parse(flux) };
  await writeFile(place.config, stringify(configuration));
  await client.apply(credentialsOf(engine, place));
  places.push([engine, place]);
  return place;
}

function credentialsOf(engine: Engine, { namespace, repository }: Place): KubernetesObject {
  const { username, password } = cluster.git;
  const isArgoCd = engine === 'argo-cd';
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `towpath-${namespace}-git`,
      namespace: isArgoCd ? cluster.argoCd.namespace : cluster.flux.namespace,
      labels: isArgoCd ? { 'argocd.argoproj.io/secret-type': 'repository' } : {},
    },
    stringData: isArgoCd
      ? { type: 'git', url: repository.url, project: `towpath-${namespace}`, username, password }
      : { username, password },
  };
}

async function bootstrap(engine: Engine, { config }: Place, words: readonly string[] = []): Promise<string> {
  const { code, stdout, stderr } = await runTowpath(['bootstrap', engine, '--config', config, '--apply', ...words]);
  expect(code, stderr).toBe(0);
  return stdout;
}

/** A rendered deployment in this namespace, as a listener would lay it down. */
function filesOf({ namespace, flux }: Place, name: string, rendering: string): Record<string, string> {
  const folder = `deployments/${name}`;
  const manifests = readdirSync(join(golden, rendering)).map((file) => [
    `${folder}/${file}`,
    // Components of the users' own are in no golden folder.
    readFileSync(join(golden, rendering, file), 'utf8')
      .replace(/^( *namespace:) team-a$/gm, `$1 ${namespace}`)
      .replace(/^components:\n(?: +- .*\n)+/m, ''),
  ]);
  const child = {
    resourceName: name as ResourceName,
    folder,
    namespace: NamespaceName.parse(namespace),
    settings: flux,
  };
  return {
    ...Object.fromEntries(manifests),
    [fluxReadmePath]: fluxReadme,
    [fluxKustomizationPath(child.resourceName)]: fluxKustomization({
      decryptionSecret: null,
      ...child,
      labels: { 'towpath.dev/deployment-id': name },
    }),
  };
}

async function isInSync(engine: Engine, place: Place, name: string, commit: string): Promise<boolean> {
  await refresh(engine, place);
  if (engine === 'flux') return isApplied(name, commit);
  const { status } = await client.read<Application>(
    'argoproj.io/v1alpha1',
    'Application',
    name,
    cluster.argoCd.namespace,
  );
  expect(status?.conditions ?? []).toEqual([]);
  expect(status?.resources?.filter((one) => one.status !== 'Synced')).toEqual([]);
  expect(status).toMatchObject({
    sync: { status: 'Synced', revision: commit },
    operationState: { phase: 'Succeeded' },
  });
  return true;
}

async function isApplied(name: string, commit: string): Promise<boolean> {
  const { status } = await client.read<Kustomization>(
    'kustomize.toolkit.fluxcd.io/v1',
    'Kustomization',
    name,
    cluster.flux.namespace,
  );
  expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  expect(status).toMatchObject({ lastAppliedRevision: `main@sha1:${commit}` });
  return true;
}

/** What the listener does after a push. */
async function refresh(engine: Engine, { namespace }: Place): Promise<void> {
  const name = `towpath-${namespace}`;
  const annotate = (apiVersion: string, kind: string, where: string, annotations: Record<string, string>) =>
    client.patch(reference(apiVersion, kind, name, where), { metadata: { annotations } });
  if (engine === 'argo-cd') {
    const annotation = { 'argocd.argoproj.io/application-set-refresh': 'true' };
    await annotate('argoproj.io/v1alpha1', 'ApplicationSet', cluster.argoCd.namespace, annotation);
    return;
  }
  const annotation = { 'reconcile.fluxcd.io/requestedAt': new Date().toISOString() };
  await annotate('source.toolkit.fluxcd.io/v1', 'GitRepository', cluster.flux.namespace, annotation);
}

async function isGone({ namespace }: Place): Promise<boolean> {
  const kinds = [
    ['apps/v1', 'Deployment'],
    ['apps/v1', 'StatefulSet'],
    ['v1', 'Service'],
  ] as const;
  const left = await Promise.all(kinds.map(([apiVersion, kind]) => client.list(apiVersion, kind, { namespace })));
  expect(left.flat().map(({ metadata }) => metadata.name)).toEqual([]);
  return true;
}

/** What the doctor thinks of the namespace; there is no control plane here. */
async function failuresOf({ config }: Place, ...words: readonly string[]): Promise<readonly Check[]> {
  const { stdout } = await runTowpath(['doctor', '--json', '--config', config, ...words]);
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
  return checks.filter(({ subject, verdict }) => subject !== 'control plane' && verdict !== 'ok');
}

async function takeAway(engine: Engine, { namespace }: Place): Promise<void> {
  const name = `towpath-${namespace}`;
  if (engine === 'argo-cd') {
    await client.remove(reference('argoproj.io/v1alpha1', 'ApplicationSet', name, cluster.argoCd.namespace));
    await client.remove(reference('argoproj.io/v1alpha1', 'AppProject', name, cluster.argoCd.namespace));
  } else {
    await client.remove(reference('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', name, cluster.flux.namespace));
    await client.remove(reference('source.toolkit.fluxcd.io/v1', 'GitRepository', name, cluster.flux.namespace));
  }
}
