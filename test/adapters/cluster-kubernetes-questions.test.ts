/** What is asked of a cluster now and then is answered truly, or refused, but never by half. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  connectKubernetes,
  type KubernetesConnection,
  kubernetesCluster,
} from '../../src/adapters/kubernetes/cluster.ts';
import { detectEngine } from '../../src/adapters/kubernetes/detect.ts';
import { openKubernetes } from '../../src/adapters/kubernetes/http.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import type { Secrets } from '../../src/domain/configuration-secrets.ts';
import type { DeploymentId, NamespaceName } from '../../src/domain/identifiers.ts';
import { ownLabels } from '../../src/domain/live-object.ts';
import type { Cluster } from '../../src/ports.ts';
import { memoryLog } from '../support/memory-log.ts';
import { type ScriptedKubernetes, sendStatus, startScriptedKubernetes } from '../support/scripted-kubernetes.ts';

const chat = 'chat-id' as DeploymentId;
const repositoryUrl = 'https://git.example/team-a.git';

let server: ScriptedKubernetes;
let connection: KubernetesConnection;

beforeEach(async () => {
  server = await startScriptedKubernetes();
  connection = connectKubernetes({ ...surroundings(), http: openKubernetes(server, noTelemetry) });
});

afterEach(async () => {
  await connection.close();
  await server.stop();
});

describe('the engine that is found', () => {
  const question = () => ({
    ...connection,
    repositoryUrl,
    namespace: 'team-a',
    argoCdNamespace: 'argocd',
    fluxNamespace: 'flux-system',
  });

  it('is not Argo CD where only Argo Rollouts serves its group', async () => {
    server.serve('argoproj.io', 'v1alpha1', [{ name: 'rollouts', kind: 'Rollout' }]);

    expect(await detectEngine(question())).toBe('other');
  });

  it('is Flux beside Argo Rollouts, though nothing refers to the repository yet', async () => {
    server.serve('argoproj.io', 'v1alpha1', [{ name: 'rollouts', kind: 'Rollout' }]);
    server.serve('kustomize.toolkit.fluxcd.io', 'v1', [{ name: 'kustomizations', kind: 'Kustomization' }]);

    expect(await detectEngine(question())).toBe('flux');
  });
});

it('counts what is left of a kind of the configuration, whatever version of it the cluster prefers', async () => {
  withCore();
  server.serve('example.com', 'v2', [{ name: 'caches', kind: 'Cache' }]);
  server.put('/apis/example.com/v2/namespaces/team-a/caches', labelled('chat-cache'));

  const left = await open(['example.com/v1/Cache']).remaining(chat);

  expect(left).toEqual([{ resource: 'caches.example.com', name: 'chat-cache', isDeleting: false }]);
});

it('sees no Secret but in mode cluster, and counts what stands for one instead', async () => {
  server.script(({ path }, response) => {
    if (path === '/api/v1') {
      response.writeHead(200).end('{"resources":[{"name":"secrets","kind":"Secret","namespaced":true}]}');
    }
    if (path.startsWith('/api/v1/namespaces/team-a/secrets')) sendStatus(response, 403, 'no right to see Secrets');
    return path === '/api/v1' || path.startsWith('/api/v1/namespaces/team-a/secrets');
  });
  server.serve('bitnami.com', 'v1alpha1', [{ name: 'sealedsecrets', kind: 'SealedSecret' }]);
  server.put('/apis/bitnami.com/v1alpha1/namespaces/team-a/sealedsecrets', labelled('chat-env'));

  const left = await open([], 'sealed-secrets').remaining(chat);

  expect(left).toEqual([{ resource: 'sealedsecrets.bitnami.com', name: 'chat-env', isDeleting: false }]);
  await expect(open([], 'cluster').remaining(chat)).rejects.toThrow('secrets');
});

it.each([404, 409])('leaves an operation alone that is over, or whose Application is gone: %i', async (status) => {
  server.script(({ method }, response) => {
    if (method === 'PATCH') sendStatus(response, status, 'too late');
    return method === 'PATCH';
  });
  const metadata = { name: 'chat', namespace: 'argocd', uid: '1', resourceVersion: '7' };

  const ended = open().endOperation({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata });

  await expect(ended).resolves.toBeUndefined();
});

it('knows the Secrets of cron jobs, jobs and daemons, too', async () => {
  withCore();
  const template = (name: string) => ({ spec: { containers: [{ envFrom: [{ secretRef: { name } }] }] } });
  server.serve('batch', 'v1', [
    { name: 'cronjobs', kind: 'CronJob' },
    { name: 'jobs', kind: 'Job' },
  ]);
  server.serve('apps', 'v1', [{ name: 'daemonsets', kind: 'DaemonSet' }]);
  const nightly = { jobTemplate: { spec: { template: template('nightly-env') } } };
  server.put('/apis/batch/v1/namespaces/team-a/cronjobs', labelled('nightly', nightly));
  server.put('/apis/batch/v1/namespaces/team-a/jobs', labelled('once', { template: template('once-env') }));
  server.put('/apis/apps/v1/namespaces/team-a/daemonsets', labelled('daemon', { template: template('daemon-env') }));

  const names = await open().referredSecrets();

  expect([...names].sort()).toEqual(['daemon-env', 'nightly-env', 'once-env']);
});

function surroundings() {
  return { clock: systemClock(), log: memoryLog(), telemetry: noTelemetry };
}

function open(extraKinds: readonly string[] = [], secretsMode: Secrets['mode'] = 'cluster'): Cluster {
  return kubernetesCluster({
    ...surroundings(),
    http: connection.http,
    connection,
    namespace: 'team-a' as NamespaceName,
    listenerId: 'listener-id',
    repositoryUrl,
    engine: 'other',
    engineNamespace: 'argocd',
    mayRefresh: true,
    extraKinds,
    secretsMode,
  });
}

/** The core group is asked without a look whether it is there. */
function withCore(): void {
  server.script(({ path }, response) => {
    if (path === '/api/v1') response.writeHead(200).end('{"resources":[]}');
    return path === '/api/v1';
  });
}

function labelled(name: string, spec: Readonly<Record<string, unknown>> = {}) {
  const labels = { [ownLabels.deployment]: chat, [ownLabels.listener]: 'listener-id' };
  return { metadata: { name, namespace: 'team-a', labels }, spec };
}
