/** Requests to a Kubernetes API server: one pool of connections, failures classed. */
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, request } from 'undici';
import type { ClusterAccess } from '../../domain/configuration-cluster.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { Telemetry } from '../../ports.ts';
import { wholeWithin } from '../http/whole-answer.ts';
import { type Identity, type KubernetesAccess, openAccess } from './access.ts';
import { refusalOf, unreachable } from './failure.ts';

export { isInCluster } from './access.ts';

export interface KubernetesCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Content type of the body; JSON where absent. */
  readonly type?: string;
  readonly accept?: string;
  readonly timeoutMs?: number;
  /** Whoever says more than this is not listened to any longer; absent: all is read. */
  readonly mostBytes?: number;
  readonly signal?: AbortSignal;
  /** Asks as this user, which takes the right to impersonate. */
  readonly as?: string;
  /** For messages: `list pods in namespace team-a`. */
  readonly purpose: string;
}

export interface KubernetesAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

export interface KubernetesHttp {
  /** Where the API server is, for people. */
  readonly server: string;
  /** The parsed JSON; throws TowpathError, classed, for anything but success. */
  json(call: KubernetesCall): Promise<unknown>;
  /** Whatever it answers. */
  answer(call: KubernetesCall): Promise<KubernetesAnswer>;
  /** Lines as they come; ends when the server ends it, throws when it says nothing for `silenceMs`. */
  lines(call: KubernetesCall & { readonly silenceMs: number; readonly onOpen: () => void }): AsyncIterable<string>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 30_000;

/** Lists without the objects' contents: names, labels, times. */
export const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

export function openKubernetes(access: ClusterAccess, telemetry: Pick<Telemetry, 'request'>): KubernetesHttp {
  const sender = createSender(access, telemetry);
  const { server } = sender;
  const answer = async (call: KubernetesCall) => {
    const silenceMs = call.timeoutMs ?? defaultTimeoutMs;
    const {
      statusCode: status,
      headers,
      body,
    } = await sender.send({ ...call, signal: wholeWithin(silenceMs, call.signal) }, silenceMs);
    const text = await textOf(body, call.mostBytes).catch((error: unknown) => {
      throw unreachable(server, call.purpose, error);
    });
    return { status, text, headers };
  };
  return {
    server,
    answer,
    json: async (call) => {
      const { status, text, headers } = await answer(call);
      if (status >= 300) throw refusalOf(server, call.purpose, { status, text, headers });
      return parsed(server, call.purpose, text);
    },
    lines: async function* (call) {
      const { statusCode: status, headers, body } = await sender.send(call, call.silenceMs);
      // An error that comes after the reading has ended has nobody else who hears it, and would end the process.
      body.on('error', () => undefined);
      try {
        if (status >= 300) throw refusalOf(server, call.purpose, { status, text: await textOf(body), headers });
        call.onOpen();
        yield* linesOf(body);
      } catch (error) {
        throw error instanceof TowpathError ? error : unreachable(server, call.purpose, error);
      } finally {
        body.destroy();
      }
    },
    close: sender.close,
  };
}

interface Sender {
  readonly server: string;
  /** `silenceMs`: no answer, or nothing more of it, for so long is a failure. */
  send(call: KubernetesCall, silenceMs: number): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/** One pool is kept, until something about it may be stale. */
function createSender(options: ClusterAccess, telemetry: Pick<Telemetry, 'request'>): Sender {
  let access = openAccess(options);
  const { server } = access;
  const pools = createPools();
  const exchange = async (call: KubernetesCall, silenceMs: number): Promise<Dispatcher.ResponseData> => {
    const identity = await access.identity();
    const dispatcher = pools.current(identity);
    return request(`${server}${call.path}`, {
      method: call.method,
      headers: { ...identity.headers, ...headersOf(call) },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      headersTimeout: Math.min(silenceMs, defaultTimeoutMs),
      bodyTimeout: silenceMs,
      ...(call.signal ? { signal: call.signal } : {}),
      ...(dispatcher ? { dispatcher } : {}),
    });
  };
  const measured = async (call: KubernetesCall, silenceMs: number): Promise<Dispatcher.ResponseData> => {
    const began = performance.now();
    try {
      const response = await exchange(call, silenceMs);
      telemetry.request('kubernetes', response.statusCode, performance.now() - began);
      return response;
    } catch (error) {
      telemetry.request('kubernetes', 'error', performance.now() - began);
      if (!call.signal?.aborted) pools.renew();
      throw error instanceof TowpathError ? error : unreachable(`${server}${access.route}`, call.purpose, error);
    }
  };
  return {
    server,
    send: async (call, silenceMs) => {
      const response = await measured(call, silenceMs);
      if (response.statusCode !== 401) return response;
      // The token or the certificate may have been rotated: both are read again, and it is asked once more.
      await response.body.dump();
      access = reopened(options) ?? access;
      pools.renew();
      return measured(call, silenceMs);
    },
    close: pools.close,
  };
}

interface Pools {
  /** Undefined: what the process has anyway. */
  current(identity: Identity): Dispatcher | undefined;
  /** The next request opens new connections; what still runs may end. */
  renew(): void;
  close(): Promise<void>;
}

function createPools(): Pools {
  const open = new Set<Dispatcher>();
  let pool: Dispatcher | undefined;
  return {
    current: (identity) => {
      if (pool === undefined) {
        pool = identity.pool();
        if (pool) open.add(pool);
      }
      return pool?.compose(withoutMultiplexing);
    },
    renew: () => {
      const old = pool;
      pool = undefined;
      void old?.close().then(
        () => open.delete(old),
        () => undefined,
      );
    },
    close: async () => {
      await Promise.all([...open].map((one) => one.destroy()));
    },
  };
}

/** Of HTTP/2 a watch that ends badly may end the whole process, and one silent connection silences all watches. */
function withoutMultiplexing(dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch {
  return (options, handler) => {
    const plain: Dispatcher.DispatchOptions & { readonly allowH2: false } = { ...options, allowH2: false };
    return dispatch(plain, handler);
  };
}

async function textOf(body: Dispatcher.ResponseData['body'], mostBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    // Leaving the loop ends the connection.
    if (length > mostBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, mostBytes).toString('utf8');
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}

/** The items of a list, which the API server may call null where there are none. */
export function itemsOf<Item>(list: unknown): readonly Item[] {
  return (list as { readonly items?: readonly Item[] | null }).items ?? [];
}

/** The JSON of an answer, whatever its status; null where it is none. */
export function bodyOf({ text }: Pick<KubernetesAnswer, 'text'>): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Null where it is being written at this moment. */
function reopened(options: ClusterAccess): KubernetesAccess | null {
  try {
    return openAccess(options);
  } catch {
    return null;
  }
}

function headersOf({ body, type, accept, as }: KubernetesCall): Readonly<Record<string, string>> {
  return {
    accept: accept ?? 'application/json',
    'user-agent': 'towpath',
    ...(as === undefined ? {} : { 'impersonate-user': as }),
    ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
  };
}

function parsed(server: string, purpose: string, text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    const message = `Cannot ${purpose} at ${server}: its answer is no JSON; is this the address of an API server?`;
    throw new TowpathError('transient', 'StrangeAnswer', message);
  }
}
