/** A small client for tests: objects go to the API server and come back just as they are, in plain JSON. */
import { type RequestOptions, request } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { loadAll } from 'js-yaml';
import { eventually } from './eventually.ts';

/** Any object; a test says by `T` which fields it is going to read. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** What the API server said when it refused. */
class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly status: number;
  readonly reason: string;

  constructor(what: string, status: number, answer: string) {
    const { message, reason } = parsed(answer) as { message?: string; reason?: string };
    super(`Cannot ${what}: ${status} ${message ?? answer.slice(0, 300)}`);
    this.status = status;
    this.reason = reason ?? '';
  }
}

export interface Kubernetes {
  /** The answer's JSON; for whatever the other functions do not do. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown>;
  /** Server-side apply, by force and with strict fields: an unknown field is an error. */
  apply(object: KubernetesObject): Promise<KubernetesObject>;
  /** Every document of a YAML text, in its order. */
  applyYaml(yaml: string, namespace?: string): Promise<readonly KubernetesObject[]>;
  /** Undefined when it is not there. */
  find<T = KubernetesObject>(
    apiVersion: string,
    kind: string,
    name: string,
    namespace?: string,
  ): Promise<T | undefined>;
  read<T = KubernetesObject>(apiVersion: string, kind: string, name: string, namespace?: string): Promise<T>;
  list<T = KubernetesObject>(apiVersion: string, kind: string, options?: ListOptions): Promise<readonly T[]>;
  /** A JSON merge patch: null takes a field away. */
  patch(object: KubernetesReference, change: unknown): Promise<KubernetesObject>;
  /** Done when the request is accepted; one that is not there is fine. */
  delete(object: KubernetesReference): Promise<void>;
  /** Deletes it and waits until it is gone. */
  remove(object: KubernetesReference, deadlineMs?: number): Promise<void>;
}

interface KubernetesReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface ListOptions {
  readonly namespace?: string;
  readonly labels?: string;
}

const fieldManager = 'towpath-e2e';

/** A client for the current context of a kubeconfig, given as text. */
export function kubernetes(kubeconfig: string): Kubernetes {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const send: Send = (method, path, body, contentType) => ask(config, method, path, body, contentType);
  const pathOf = pathFinder(send);
  const at = async ({ apiVersion, kind, metadata }: KubernetesReference): Promise<string> =>
    `${await pathOf(apiVersion, kind, metadata.namespace)}/${metadata.name}`;
  const client: Kubernetes = {
    request: send,
    apply: async (object) => {
      const query = `fieldManager=${fieldManager}&force=true&fieldValidation=Strict`;
      return (await send(
        'PATCH',
        `${await at(object)}?${query}`,
        object,
        'application/apply-patch+yaml',
      )) as KubernetesObject;
    },
    applyYaml: async (yaml, namespace) => {
      const applied: KubernetesObject[] = [];
      for (const object of objectsIn(yaml, namespace)) applied.push(await client.apply(object));
      return applied;
    },
    read: async <T>(apiVersion: string, kind: string, name: string, namespace?: string) =>
      (await send('GET', await at(reference(apiVersion, kind, name, namespace)))) as T,
    find: (apiVersion, kind, name, namespace) => unlessMissing(client.read(apiVersion, kind, name, namespace)),
    list: async <T>(apiVersion: string, kind: string, { namespace, labels }: ListOptions = {}) => {
      const query = labels ? `?labelSelector=${encodeURIComponent(labels)}` : '';
      return ((await send('GET', `${await pathOf(apiVersion, kind, namespace)}${query}`)) as { items: readonly T[] })
        .items;
    },
    patch: async (object, change) =>
      (await send('PATCH', await at(object), change, 'application/merge-patch+json')) as KubernetesObject,
    delete: async (object) => {
      await unlessMissing(send('DELETE', await at(object), { propagationPolicy: 'Background' }));
    },
    remove: async (object, deadlineMs = 60_000) => {
      await client.delete(object);
      const { apiVersion, kind, metadata } = object;
      await eventually(
        `${kind} ${metadata.name} to be gone`,
        async () => !(await client.find(apiVersion, kind, metadata.name, metadata.namespace)),
        deadlineMs,
      );
    },
  };
  return client;
}

export function reference(apiVersion: string, kind: string, name: string, namespace?: string): KubernetesReference {
  return { apiVersion, kind, metadata: { name, ...(namespace ? { namespace } : {}) } };
}

/** The documents of a YAML text; a namespace given is set on each. */
export function objectsIn(yaml: string, namespace?: string): readonly KubernetesObject[] {
  const documents = (loadAll(yaml) as (KubernetesObject | null)[]).filter((one) => one !== null);
  return documents.map((one) => (namespace ? { ...one, metadata: { ...one.metadata, namespace } } : one));
}

type Send = Kubernetes['request'];

/** Kinds to paths by discovery; a kind that is not known yet is asked for again. */
function pathFinder(send: Send): (apiVersion: string, kind: string, namespace?: string) => Promise<string> {
  const known = new Map<string, { readonly name: string; readonly namespaced: boolean }>();
  return async (apiVersion, kind, namespace) => {
    const root = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;
    if (!known.has(`${root} ${kind}`)) {
      const { resources } = (await send('GET', root)) as {
        resources: { name: string; kind: string; namespaced: boolean }[];
      };
      for (const one of resources.filter((found) => !found.name.includes('/'))) known.set(`${root} ${one.kind}`, one);
    }
    const resource = known.get(`${root} ${kind}`);
    if (!resource) throw new Error(`Cannot find ${kind} of ${apiVersion}: the cluster does not know it`);
    return `${root}${resource.namespaced && namespace ? `/namespaces/${namespace}` : ''}/${resource.name}`;
  };
}

async function ask(
  config: KubeConfig,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<unknown> {
  const server = config.getCurrentCluster()?.server ?? '';
  const headers = { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': contentType }) };
  // A connection of its own for each: one that outlives a restart of the API server would only fail.
  const options: RequestOptions = { method, headers, timeout: 30_000 };
  await config.applyToHTTPSOptions(options);
  const { status, text } = await exchange(`${server}${path}`, { ...options, agent: false }, body);
  if (status >= 300) throw new KubernetesError(`${method} ${path.split('?')[0]}`, status, text);
  return parsed(text);
}

async function exchange(
  url: string,
  options: RequestOptions,
  body: unknown,
): Promise<{ status: number; text: string }> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.once('timeout', () => sent.destroy(new Error(`Cannot ask ${url}: no answer`)));
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  return await answer.catch((error: unknown) => {
    if (error instanceof KubernetesError && error.status === 404) return undefined;
    throw error;
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
