/** The harness itself: what the other test files stand on is there and is genuine. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { nativeGit } from '../support/native-git.ts';
import { customSources } from '../support/vendor-schemas/sources.ts';
import { programControl } from './harness/control.ts';
import {
  administrator,
  eventually,
  makeNamespace,
  makeRepository,
  serviceAccountKubeconfig,
} from './harness/fixtures.ts';
import { type KubernetesObject, kubernetes } from './harness/kubernetes.ts';
import { pinnedVersion } from './harness/tools.ts';

interface Deployment extends KubernetesObject {
  readonly status?: {
    readonly readyReplicas?: number;
    readonly conditions?: readonly { readonly type: string; readonly reason: string }[];
  };
}

interface Pod extends KubernetesObject {
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly state: { readonly waiting?: { readonly reason: string } };
    }[];
  };
}

const cluster = inject('cluster');
const client = administrator();
const control = programControl(cluster);
const credentials = { username: cluster.git.username, password: cluster.git.password };

describe('the API server', () => {
  it.each([
    ...customSources.flatMap((source) => source.resources.map(({ crd }) => crd)),
    'sealedsecrets.bitnami.com',
    'externalsecrets.external-secrets.io',
    'applications.argoproj.io',
    'applicationsets.argoproj.io',
    'gitrepositories.source.toolkit.fluxcd.io',
    'kustomizations.kustomize.toolkit.fluxcd.io',
  ])('serves %s', async (name) => {
    const found = await client.read<Deployment>('apiextensions.k8s.io/v1', 'CustomResourceDefinition', name);

    expect(found.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }));
  });

  it('refuses a field that does not exist', async () => {
    const namespace = await makeNamespace();

    const refused = client.apply({ ...deployment('web', 'ok-1', namespace), spec: { replicaz: 1 } });

    await expect(refused).rejects.toThrow(/replicaz/);
  });

  it('lets a service account do what its role allows, and no more', async () => {
    const namespace = await makeNamespace();
    await client.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'viewer', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
    });
    const viewer = kubernetes(await serviceAccountKubeconfig('default', namespace));

    await eventually('the role to be known', async () => (await viewer.list('v1', 'Pod', { namespace })).length === 0);
    await expect(viewer.list('v1', 'Secret', { namespace })).rejects.toMatchObject({ status: 403 });
  });
});

describe('pods', () => {
  it('get ready by themselves', async () => {
    const namespace = await makeNamespace();

    await client.apply(deployment('web', '1.0.0', namespace));

    await eventually('the Deployment to be ready', () => isReady('web', namespace));
  });

  it.each([
    ['missing-1', 'Pending', 'ImagePullBackOff'],
    ['crash-1', 'Running', 'CrashLoopBackOff'],
    [`crash-1@sha256:${'0'.repeat(64)}`, 'Running', 'CrashLoopBackOff'],
    ['notready-1', 'Running', undefined],
  ])('meet the fate that the tag %s begins with', async (tag, phase, reason) => {
    const namespace = await makeNamespace();

    await client.apply(deployment('web', tag, namespace));

    const pod = await eventually('the pod to meet its fate', async () => {
      const [found] = await client.list<Pod>('v1', 'Pod', { namespace });
      return found?.status.containerStatuses ? found : undefined;
    });
    expect(pod.status).toMatchObject({
      phase,
      initContainerStatuses: [{ state: { terminated: { exitCode: 0 } } }],
      containerStatuses: [{ ready: false }],
    });
    expect(pod.status.containerStatuses?.[0]?.state.waiting?.reason).toBe(reason);
    await eventually('the Deployment to give up', async () => {
      const found = await client.read<Deployment>('apps/v1', 'Deployment', 'web', namespace);
      return found.status?.conditions?.some((one) => one.reason === 'ProgressDeadlineExceeded');
    });
  });

  it('get ready late with the tag slow-1', async () => {
    const namespace = await makeNamespace();

    await client.apply(deployment('web', 'slow-1', namespace));

    await eventually('the Deployment to be ready', () => isReady('web', namespace));
  });
});

describe('the git server', () => {
  it('is cloned from and pushed to with the password, and not without', async () => {
    const repository = await makeRepository();
    await repository.seed({ 'README.md': 'hello\n' });
    const folder = mkdtempSync(join(tmpdir(), 'towpath-clone-'));

    await nativeGit(['clone', '--quiet', withPassword(repository.url), folder]);
    writeFileSync(join(folder, 'README.md'), 'changed\n');
    await nativeGit(['-C', folder, 'commit', '--quiet', '--all', '--message=change']);
    await nativeGit(['-C', folder, 'push', '--quiet']);
    rmSync(folder, { recursive: true });

    expect(await repository.tree()).toEqual({ 'README.md': 'changed\n' });
    await expect(nativeGit(['ls-remote', repository.url])).rejects.toThrow(/could not read Username|Authentication/);
  });
});

describe('Flux', () => {
  it('applies what was pushed', async () => {
    const namespace = await makeNamespace();
    const repository = await makeRepository();
    const commit = await repository.seed({ 'apps/web.yaml': JSON.stringify(deployment('web', '1.0.0', namespace)) });
    const metadata = { name: 'e2e', namespace };

    await client.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: credentials });
    await client.apply({
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata,
      spec: { interval: '1h', url: repository.url, ref: { branch: 'main' }, secretRef: { name: 'e2e' } },
    });
    await client.apply({
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata,
      spec: { interval: '1h', path: 'apps', prune: true, sourceRef: { kind: 'GitRepository', name: 'e2e' } },
    });

    await eventually('the Kustomization to be applied', async () => {
      const found = await client.read('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'e2e', namespace);
      expect(found.status).toMatchObject({ lastAppliedRevision: `main@sha1:${commit}` });
      return true;
    });
    await eventually('the Deployment to be ready', () => isReady('web', namespace));
    await client.remove({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata });
    await eventually('the Deployment to be pruned', () => isGone('web', namespace));
  });
});

describe('Argo CD', () => {
  it('applies what was pushed, and what a refresh tells it of, also after its repo-server was away', async () => {
    const namespace = await makeNamespace();
    const repository = await makeRepository();
    const first = await repository.seed({ 'apps/web.yaml': JSON.stringify(deployment('web', '1.0.0', namespace)) });
    const application = applicationOf(repository.url, namespace);

    await client.apply(application);
    await eventually('the first commit to be healthy', () => isHealthyAt(first, namespace));
    await control.stop('argocd-repo-server');
    const second = await repository.seed({ 'apps/web.yaml': JSON.stringify(deployment('web', '2.0.0', namespace)) });
    await control.start('argocd-repo-server');
    await client.patch(application, { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } });

    await eventually('the second commit to be healthy', () => isHealthyAt(second, namespace));
    await client.remove(application);
    await eventually('the Deployment to be pruned', () => isGone('web', namespace));
  });
});

// In a cluster that was there before, its programs are not ours to stop.
if (cluster.kind === 'own')
  describe('what the harness started', () => {
    it('is the Kubernetes that is asked for', async () => {
      const version = (await client.request('GET', '/version')) as { gitVersion: string };

      expect(version.gitVersion).toBe(pinnedVersion('kubernetes', 'k8s.io/kubernetes'));
    });

    it('answers nothing while it is paused, and goes on when it is resumed', async () => {
      await control.pause('argocd-server');
      const asked = fetch(`${cluster.argoCd.url}/healthz`, { signal: AbortSignal.timeout(500) });

      await expect(asked).rejects.toThrow(/timeout/);
      await control.resume('argocd-server');
      await eventually('Argo CD to answer', async () => (await fetch(`${cluster.argoCd.url}/healthz`)).ok);
    });

    it('comes back with its data: the API server, killed', async () => {
      const namespace = await makeNamespace();
      await control.kill('kube-apiserver');
      await expect(client.list('v1', 'Namespace')).rejects.toThrow(/ECONNREFUSED/);

      await control.start('kube-apiserver');

      await client.apply(deployment('web', '1.0.0', namespace));
      await eventually('the Deployment to be ready', () => isReady('web', namespace));
    });

    it('is told apart from what it did not start', async () => {
      await expect(control.stop('nginx')).rejects.toThrow(
        'Cannot find the program "nginx": there are etcd, kube-apiserver',
      );
    });
  });

function deployment(name: string, tag: string, namespace: string): KubernetesObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 2,
      progressDeadlineSeconds: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          initContainers: [{ name: 'prepare', image: 'registry.example/prepare:1' }],
          containers: [{ name: 'web', image: `registry.example/agents/${name}:${tag}` }],
        },
      },
    },
  };
}

function applicationOf(repoURL: string, namespace: string): KubernetesObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: namespace,
      namespace: cluster.argoCd.namespace,
      finalizers: ['resources-finalizer.argocd.argoproj.io'],
    },
    spec: {
      project: 'default',
      source: { repoURL, path: 'apps', targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  };
}

async function isReady(name: string, namespace: string): Promise<boolean> {
  const found = await client.read<Deployment>('apps/v1', 'Deployment', name, namespace);
  expect(found.status).toMatchObject({ readyReplicas: 2, updatedReplicas: 2, replicas: 2 });
  return true;
}

async function isGone(name: string, namespace: string): Promise<boolean> {
  return (await client.find('apps/v1', 'Deployment', name, namespace)) === undefined;
}

async function isHealthyAt(commit: string, name: string): Promise<boolean> {
  const { namespace } = cluster.argoCd;
  const { status } = await client.read('argoproj.io/v1alpha1', 'Application', name, namespace);
  expect(status).toMatchObject({ sync: { status: 'Synced', revision: commit }, health: { status: 'Healthy' } });
  return true;
}

function withPassword(url: string): string {
  return url.replace('://', `://${credentials.username}:${credentials.password}@`);
}
