/** Single requests of the adapter against an API server that does as it is told: what is sent, and what an answer means. */
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
import type { DeploymentId, NamespaceName } from '../../src/domain/identifiers.ts';
import { ownLabels } from '../../src/domain/live-object.ts';
import type { Cluster } from '../../src/ports.ts';
import { memoryLog } from '../support/memory-log.ts';
import {
  type ScriptedKubernetes,
  sendJson,
  sendStatus,
  startScriptedKubernetes,
} from '../support/scripted-kubernetes.ts';

const chat = 'chat-id' as DeploymentId;
const team = 'team-a' as NamespaceName;
const secrets = '/api/v1/namespaces/team-a/secrets';
const repositoryUrl = 'https://git.example/team-a.git';

let server: ScriptedKubernetes;
let connection: KubernetesConnection;
let cluster: Cluster;

beforeEach(async () => {
  server = await startScriptedKubernetes();
  const options = {
    http: openKubernetes(server, noTelemetry),
    clock: systemClock(),
    log: memoryLog(),
    telemetry: noTelemetry,
  };
  connection = connectKubernetes(options);
  cluster = kubernetesCluster({
    ...options,
    connection,
    namespace: team,
    listenerId: 'ours',
    repositoryUrl,
    engine: 'other',
    engineNamespace: 'argocd',
    mayRefresh: true,
    extraKinds: [],
    secretsMode: 'cluster',
  });
});

afterEach(async () => {
  await connection.close();
  await server.stop();
});

it('gives up an answer that only drips', async () => {
  const http = openKubernetes(server, noTelemetry);
  server.script((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 5);
    response.on('close', () => clearInterval(drip));
    return true;
  });

  const asked = http.json({ method: 'GET', path: '/api', purpose: 'ask', timeoutMs: 30 });

  await expect(asked).rejects.toMatchObject({ kind: 'transient', reason: 'ClusterUnreachable' });
  await http.close();
});

describe('a probe', () => {
  it.each([200, 404, 503])('tells the answer %d of the server itself', async (status) => {
    server.script((_, response) => {
      response.writeHead(status).end('{"ok":false}');
      return true;
    });

    expect(await cluster.probe('chat-api', '/ok')).toEqual({ kind: 'answered', status });
    expect(server.seen.at(-1)?.path).toBe('/api/v1/namespaces/team-a/services/chat-api:8000/proxy/ok');
  });

  it('takes a 503 of the API server for nobody who answers', async () => {
    server.script((_, response) => {
      sendStatus(response, 503, 'no endpoints available for service "chat-api"');
      return true;
    });

    const message = 'no endpoints available for service "chat-api"';
    expect(await cluster.probe('chat-api', '/ok')).toEqual({ kind: 'failed', message });
  });

  it('tells a refusal of the API server from one of the server', async () => {
    server.script((_, response) => {
      sendStatus(response, 403, 'services "chat-api:8000" is forbidden');
      return true;
    });
    expect(await cluster.probe('chat-api', '/ok')).toEqual({ kind: 'forbidden' });

    server.script((_, response) => {
      response.writeHead(403).end('no key');
      return true;
    });
    expect(await cluster.probe('chat-api', '/ok')).toEqual({ kind: 'answered', status: 403 });
  });

  it('does not wait for a server that never answers', async () => {
    server.script(() => true);

    expect(await cluster.probe('chat-api', '/ok')).toEqual({
      kind: 'failed',
      message: 'it does not answer within 3 s',
    });
  });

  it('does not listen to a server that talks without end', async () => {
    let sent = 0;
    server.script((_, response) => {
      response.writeHead(200);
      const talk = (): void => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write('x'.repeat(65_536), talk);
      };
      talk();
      return true;
    });

    expect(await cluster.probe('chat-api', '/ok')).toEqual({ kind: 'answered', status: 200 });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('Secrets', () => {
  const secret = {
    namespace: team,
    name: 'chat-env-1',
    labels: {},
    values: { TOKEN: 'very-hidden', QUOTED: 'so "very-\\hidden" too' },
  };

  it.each([
    [
      422,
      'Secret "chat-env-1" is invalid: data: Forbidden: field is immutable when `immutable` is set',
      'SecretDiffers',
    ],
    [400, `webhook denied: {"data":{"TOKEN":"${Buffer.from('very-hidden').toString('base64')}"}}`, 'ClusterRefused'],
    [403, 'webhook denied: very-hidden is too weak', 'ClusterForbidden'],
    [403, `webhook denied: ${JSON.stringify({ QUOTED: 'so "very-\\hidden" too' })}`, 'ClusterForbidden'],
    [500, 'cannot store very-hidden', 'ClusterUnavailable'],
  ])('shows no value of a Secret that is answered %d', async (code, message, reason) => {
    server.script((_, response) => {
      sendStatus(response, code, message);
      return true;
    });

    const refused = await cluster.applySecret(secret).catch((error) => error);

    expect(refused).toMatchObject({
      reason,
      message: expect.stringMatching(/^Cannot apply Secret chat-env-1 in namespace/),
    });
    for (const value of ['very-', Buffer.from('very-hidden').toString('base64')]) {
      expect(`${refused.message} ${refused.cause}`).not.toContain(value);
    }
  });

  it('keeps the words of a refusal that quotes no value', async () => {
    server.script((_, response) => {
      sendStatus(response, 403, 'exceeded quota: secrets=10');
      return true;
    });

    await expect(cluster.applySecret(secret)).rejects.toThrow(/exceeded quota: secrets=10/);
  });

  it('are all listed, in pages, without their values', async () => {
    const labels = { [ownLabels.deployment]: chat, [ownLabels.listener]: 'ours' };
    for (let index = 0; index < 600; index += 1) server.put(secrets, { metadata: { name: `s${index}`, labels } });
    server.put(secrets, { metadata: { name: 'going', labels, deletionTimestamp: '2026-03-01T12:00:00Z' } });

    const found = await cluster.secrets();

    expect(new Set(found.map(({ name }) => name)).size).toBe(600);
    expect(found.some(({ name }) => name === 'going')).toBe(false);
    expect(server.seen.map(({ query }) => query.get('labelSelector'))).toEqual(
      Array(3).fill(`${ownLabels.listener}=ours`),
    );
  });

  it('are all found that an LGP refers to', async () => {
    server.serve('apps.langchain.ai', 'v1alpha1', [{ name: 'lgps', kind: 'LGP' }]);
    const spec = { serverSpec: { envFrom: [{ secretRef: { name: 'by-lgp' } }], imagePullSecrets: [{ name: 'pull' }] } };
    server.put('/apis/apps.langchain.ai/v1alpha1/namespaces/team-a/lgps', { metadata: { name: 'chat' }, spec });
    serveCore([]);

    expect(await cluster.referredSecrets()).toEqual(new Set(['by-lgp', 'pull']));
  });
});

/** Beside what the script of a test says. */
function serveCore(resources: readonly { readonly name: string; readonly kind: string }[]): void {
  server.script((request, response) => {
    if (request.path !== '/api/v1') return false;
    sendJson(response, 200, { resources: resources.map((one) => ({ ...one, namespaced: true })) });
    return true;
  });
}

describe('what is left of a deployment', () => {
  it('is only asked of kinds that are served', async () => {
    serveCore([{ name: 'configmaps', kind: 'ConfigMap' }]);
    server.put('/api/v1/namespaces/team-a/configmaps', { metadata: { name: 'left' } });

    expect(await cluster.remaining(chat)).toEqual([{ resource: 'configmaps', name: 'left', isDeleting: false }]);
    expect(server.seen.some(({ path }) => path.endsWith('/namespaces/team-a/services'))).toBe(false);
  });

  it('is an error, and not nothing, where it cannot be told what is served', async () => {
    server.script((_, response) => {
      sendStatus(response, 503, 'the server is currently unable to handle the request');
      return true;
    });

    await expect(cluster.remaining(chat)).rejects.toMatchObject({ kind: 'transient', reason: 'ClusterUnavailable' });
  });

  it('does not count a kind whose definition was taken away', async () => {
    serveCore([]);
    server.serve('keda.sh', 'v1alpha1', [{ name: 'scaledobjects', kind: 'ScaledObject' }]);
    await cluster.remaining(chat);

    server.script((request, response) => {
      if (request.path !== '/api/v1' && !request.path.includes('scaledobjects')) return false;
      if (request.path === '/api/v1') sendJson(response, 200, { resources: [] });
      else sendStatus(response, 404, 'the server could not find the requested resource');
      return true;
    });

    expect(await cluster.remaining(chat)).toEqual([]);
  });
});

describe('events', () => {
  it('are at most twenty, the newest first, whichever way they tell the time', async () => {
    const path = '/api/v1/namespaces/team-a/events';
    for (let index = 0; index < 40; index += 1) {
      const time = `2026-03-01T12:00:${String(index).padStart(2, '0')}`;
      const when =
        index % 2 === 0 ? { lastTimestamp: `${time}Z` } : { lastTimestamp: null, eventTime: `${time}.000001Z` };
      server.put(path, { metadata: { name: `e${index}` }, type: 'Warning', ...when });
    }

    const found = await cluster.events([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', uid: 'u' } }]);

    expect(found.map(({ metadata }) => metadata.name)).toEqual(
      Array.from({ length: 20 }, (_, index) => `e${39 - index}`),
    );
  });
});

describe('what answers where an API server should be', () => {
  it('is told when it speaks no JSON', async () => {
    server.script((_, response) => {
      response.end('<html>a portal</html>');
      return true;
    });

    await expect(cluster.secrets()).rejects.toMatchObject({ reason: 'StrangeAnswer', kind: 'transient' });
  });

  it('is waited for as long as it asks', async () => {
    server.script((_, response) => {
      sendStatus(response, 429, 'too many requests', { 'retry-after': '3' });
      return true;
    });

    await expect(cluster.secrets()).rejects.toMatchObject({ kind: 'transient', retryAfterMs: 3_000 });
  });
});

describe('the engine of a repository', () => {
  const sets = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets';
  const sources = '/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories';
  const detect = () =>
    detectEngine({
      ...connection,
      repositoryUrl,
      namespace: team,
      argoCdNamespace: 'argocd',
      fluxNamespace: 'flux-system',
    });
  const serve = (group: string): void =>
    server.serve(group, 'v1', [
      group === 'argoproj.io'
        ? { name: 'applications', kind: 'Application' }
        : { name: 'kustomizations', kind: 'Kustomization' },
    ]);

  it('is the only one that is installed, or nobody that is known', async () => {
    expect(await detect()).toBe('other');
    serve('argoproj.io');
    connection.discovery.forget();
    expect(await detect()).toBe('argo-cd');
  });

  it('is who has an object for it where both are installed', async () => {
    serve('argoproj.io');
    serve('kustomize.toolkit.fluxcd.io');
    server.put(sources, { metadata: { name: 'ours' }, spec: { url: 'ssh://git@git.example/team-a' } });
    server.put(sets, {
      metadata: { name: 'other' },
      spec: { generators: [{ git: { repoURL: 'https://git.example/b.git' } }] },
    });

    expect(await detect()).toBe('flux');
  });

  it('must be said where both read it, or neither does', async () => {
    serve('argoproj.io');
    serve('kustomize.toolkit.fluxcd.io');
    await expect(detect()).rejects.toThrow(/neither Argo CD nor Flux.*say engine: argo-cd or engine: flux/);

    server.put(sources, { metadata: { name: 'ours' }, spec: { url: repositoryUrl } });
    const generators = [{ matrix: { generators: [{ git: { repoURL: repositoryUrl } }] } }];
    server.put(sets, { metadata: { name: 'ours' }, spec: { generators } });
    await expect(detect()).rejects.toThrow(/both Argo CD and Flux read/);
  });
});
