/** Single objects of a Kubernetes API server: read, list, review, server-side apply; each answer with its status. */
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as secureRequest } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { ClusterAccess } from '../domain/configuration-cluster.ts';
import { TowpathError } from '../domain/failure.ts';

export interface KubernetesAnswer {
  readonly status: number;
  /** The parsed JSON; null where there was none. */
  readonly body: unknown;
  /** The server's clock. */
  readonly date: Date | null;
}

export interface KubernetesObjects {
  /** Where the API server is, for people. */
  readonly server: string;
  get(path: string): Promise<KubernetesAnswer>;
  /** `as`: asks as this user, which takes the right to impersonate. */
  post(path: string, body: unknown, as?: string): Promise<KubernetesAnswer>;
  /** Server-side apply with strict validation; `force` takes fields from other managers. */
  apply(path: string, body: unknown, options: { readonly force: boolean }): Promise<KubernetesAnswer>;
}

const timeoutMs = 30_000;
const fieldManager = 'towpath-bootstrap';

export function openKubernetesObjects(access: ClusterAccess): KubernetesObjects {
  const config = loadConfig(access);
  const server = config.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '';
  const call = (method: string, path: string, rest: Partial<Call> = {}) =>
    send(config, {
      method,
      url: `${server}${path}`,
      body: undefined,
      type: 'application/json',
      as: undefined,
      ...rest,
    });
  return {
    server,
    get: (path) => call('GET', path),
    post: (path, body, as) => call('POST', path, { body, as }),
    apply: (path, body, { force }) => {
      const query = `fieldManager=${fieldManager}&fieldValidation=Strict&force=${force}`;
      return call('PATCH', `${path}?${query}`, { body, type: 'application/apply-patch+yaml' });
    },
  };
}

interface Call {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly type: string;
  readonly as: string | undefined;
}

function loadConfig({ kubeconfig, context }: ClusterAccess): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined && !process.env['KUBERNETES_SERVICE_HOST']) {
    throw unusable(kubeconfig, 'this is no pod of a cluster');
  }
  try {
    if (kubeconfig === undefined) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw unusable(kubeconfig, (cause as Error).message, cause);
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) throw unusable(kubeconfig, `it has no context "${context}"`);
    config.setCurrentContext(context);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server)) throw unusable(kubeconfig, 'its context names no API server');
  return config;
}

function unusable(kubeconfig: string | undefined, why: string, cause?: unknown): TowpathError {
  const what = kubeconfig === undefined ? 'the service account of this pod' : `the kubeconfig "${kubeconfig}"`;
  const advice =
    kubeconfig === undefined ? 'outside a cluster name one by cluster.kubeconfig' : 'check cluster.kubeconfig';
  const message = `Cannot use ${what}: ${why}; ${advice}`;
  return new TowpathError('terminal', 'UnusableKubeconfig', message, { cause });
}

async function send(config: KubeConfig, call: Call): Promise<KubernetesAnswer> {
  const text = call.body === undefined ? null : JSON.stringify(call.body);
  const options: RequestOptions = {
    method: call.method,
    headers: {
      accept: 'application/json',
      'user-agent': 'towpath',
      ...(call.as === undefined ? {} : { 'impersonate-user': call.as }),
      ...(text === null ? {} : { 'content-type': call.type, 'content-length': Buffer.byteLength(text) }),
    },
    timeout: timeoutMs,
  };
  const own = options.headers;
  await config.applyToHTTPSOptions(options).catch((cause: unknown) => {
    throw unreachable(call, cause);
  });
  options.headers = { ...own, ...(options.headers as Record<string, string> | undefined) };
  return exchange(call, options, text);
}

function exchange(call: Call, options: RequestOptions, text: string | null): Promise<KubernetesAnswer> {
  const request = call.url.startsWith('http:') ? plainRequest : secureRequest;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(unreachable(call, cause));
    const sent = request(call.url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        const date = new Date(response.headers.date ?? Number.NaN);
        const body = parsed(Buffer.concat(chunks).toString('utf8'));
        resolve({ status: response.statusCode ?? 0, body, date: Number.isNaN(date.getTime()) ? null : date });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    sent.on('error', fail);
    sent.end(text ?? undefined);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unreachable({ method, url }: Call, cause: unknown): TowpathError {
  const why =
    cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause);
  const { origin, pathname } = new URL(url);
  const message = `Cannot ${method} ${pathname} at ${origin}: ${why}; check cluster.kubeconfig and the network`;
  return new TowpathError('transient', 'ClusterUnreachable', message, { cause });
}
