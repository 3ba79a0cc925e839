/** Whether the control plane answers, knows our key and our listener, and which namespaces it lets it serve. */
import { request } from 'undici';
import { z } from 'zod';
import { AnsweredInfo } from '../../adapters/control-plane/answers.ts';
import { type ControlPlaneClient, connectToControlPlane } from '../../adapters/control-plane/client.ts';
import { listenerKeyMend, mayReport, wordsOfCaller } from '../../adapters/control-plane/listener-key.ts';
import { openDispatcher } from '../../adapters/http/http-dispatcher.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { type ControlPlaneInfo, RegisteredListener } from '../../domain/desired.ts';
import { asTowpathError } from '../../domain/failure.ts';
import { attempt, type Finding, failed, ok, skipped, warning } from './check.ts';
import { judgeClock } from './clock.ts';

const keyMend = 'make a key for this listener, and put it where controlPlane.apiKeyFile or apiKeyEnv says';

export async function checkControlPlane(configuration: Configuration): Promise<readonly Finding[]> {
  const { apiKeyEnv, ...rest } = configuration.controlPlane;
  const apiKey = apiKeyEnv === undefined ? undefined : process.env[apiKeyEnv];
  if (apiKeyEnv !== undefined && !apiKey) {
    return [failed('key', `the environment variable ${apiKeyEnv} is not set`, keyMend)];
  }
  return attempt('answers', 'check controlPlane.url, the network, HTTPS_PROXY and controlPlane.caFile', async () => {
    const client = connectToControlPlane({ ...rest, apiKey, timeoutMs: 15_000 });
    try {
      const info = await readInfo(client);
      const clock = await readClock(configuration);
      const { mode } = configuration.controlPlane;
      return [judgeKind(info, mode), clock, ...(await checkListener(client, configuration, info !== null))];
    } finally {
      await client.close();
    }
  });
}

/** Null: it has only the public API. */
async function readInfo(client: ControlPlaneClient): Promise<ControlPlaneInfo | null> {
  try {
    return await client.call({ purpose: 'ask the version', path: '/towpath/v1/info', answer: AnsweredInfo });
  } catch (error) {
    if (asTowpathError(error)?.reason === 'NotFound') return null;
    throw error;
  }
}

function judgeKind(info: ControlPlaneInfo | null, mode: Configuration['controlPlane']['mode']): Finding {
  if (info !== null) return ok('answers', `Towpath ${info.version}`);
  if (mode !== 'full') return ok('answers', 'has the public API only, as LangSmith: the listener runs in mirror mode');
  const message = 'has the public API only, and controlPlane.mode is full';
  return failed('answers', message, 'set controlPlane.mode to auto or mirror, or correct controlPlane.url');
}

/** Its own request, without a key, since only the header matters. */
async function readClock({ controlPlane }: Configuration): Promise<Finding> {
  const dispatcher = openDispatcher({ caFile: controlPlane.caFile, caOption: 'controlPlane.caFile' });
  try {
    const { headers, body } = await request(`${controlPlane.url}/towpath/v1/info`, { dispatcher });
    const ours = new Date();
    await body.dump();
    const theirs = new Date(String(headers['date'] ?? ''));
    return judgeClock(Number.isNaN(theirs.getTime()) ? null : theirs, ours);
  } catch {
    return skipped('clock', 'it did not answer a second time');
  } finally {
    await dispatcher.destroy();
  }
}

async function checkListener(
  client: ControlPlaneClient,
  configuration: Configuration,
  hasOwnCalls: boolean,
): Promise<readonly Finding[]> {
  const { id } = configuration.listener;
  try {
    const registered = await (hasOwnCalls ? readRegistered(client, id) : readPublic(client, id));
    const configured = Object.keys(configuration.namespaces);
    return [registered.key, judgeNamespaces(configured, registered.namespaces)];
  } catch (error) {
    return [judgeRefusal(error, id)];
  }
}

interface Registered {
  readonly namespaces: readonly string[];
  readonly key: Finding;
}

/** No heartbeat: it leaves the listener as silent as it was. */
async function readRegistered(client: ControlPlaneClient, id: string): Promise<Registered> {
  const path = `/towpath/v1/listeners/${id}`;
  const purpose = 'look at the listener';
  const answer = RegisteredListener.pick({ namespaces: true, caller: true });
  const { namespaces, caller } = await client.call({ purpose, path, answer });
  const isOwn = caller === undefined ? await mayReport(client, id) : caller === 'listener';
  return { namespaces, key: judgeKey(isOwn, wordsOfCaller(caller), id) };
}

function judgeKey(isOwn: boolean, words: string, id: string): Finding {
  if (isOwn) return keyAccepted(id);
  const message = `is ${words}, which may not report: what is laid down would stay QUEUED in the control plane`;
  return failed('key', message, listenerKeyMend(id));
}

function keyAccepted(id: string): Finding {
  return ok('key', `is accepted for listener ${id}`);
}

const PublicListener = z.object({
  compute_config: z.object({ k8s_namespaces: z.array(z.string()).nullish() }).nullish(),
});

async function readPublic(client: ControlPlaneClient, id: string): Promise<Registered> {
  const call = { purpose: 'read the listener', path: `/v2/listeners/${id}`, answer: PublicListener };
  const namespaces = (await client.call(call)).compute_config?.k8s_namespaces ?? [];
  return { namespaces, key: keyAccepted(id) };
}

function judgeRefusal(error: unknown, listenerId: string): Finding {
  const known = asTowpathError(error);
  if (known?.reason === 'NotFound') {
    const mend = 'register the listener, and write its id into listener.id';
    return failed('listener', `the control plane knows no listener ${listenerId} that this key may see`, mend);
  }
  return failed('key', known?.message ?? String(error), keyMend);
}

export function judgeNamespaces(configured: readonly string[], registered: readonly string[]): Finding {
  const unregistered = configured.filter((name) => !registered.includes(name));
  const unserved = registered.filter((name) => !configured.includes(name));
  if (unregistered.length > 0) {
    const message = `the control plane lets nobody deploy to ${unregistered.join(', ')}`;
    return failed('namespaces', message, 'add them to the listener’s k8s_namespaces, or take them from towpath.yaml');
  }
  if (unserved.length > 0) {
    const message = `deployments in ${unserved.join(', ')} fail at once: towpath.yaml does not name them`;
    return warning('namespaces', message, 'add them to towpath.yaml, or take them from the listener’s k8s_namespaces');
  }
  return ok('namespaces', `${configured.join(', ')}, as registered`);
}
