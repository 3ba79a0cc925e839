/** Keeps a copy of one collection of objects by list and watch; no failure ends it, and nothing that happened meanwhile is missed. */
import { TowpathError } from '../domain/failure.ts';
import type { LiveObject } from '../domain/live-object.ts';
import type { Clock, Log, Telemetry } from '../ports.ts';
import { itemsOf, type KubernetesHttp } from './cluster-kubernetes-http.ts';

export interface Collection {
  /** `/apis/apps/v1/namespaces/team-a/deployments`. */
  readonly path: string;
  /** For messages and metrics: `deployments.apps`. */
  readonly resource: string;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly kind: string;
  readonly apiVersion: string;
  /** What is kept of an object; null: it does not concern us. */
  readonly keep: (object: LiveObject) => LiveObject | null;
}

export interface ReflectorOptions {
  readonly http: KubernetesHttp;
  readonly collection: Collection;
  /** Before and after; one of them is null where an object came or went. */
  readonly onChange: (before: LiveObject | null, after: LiveObject | null) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'watchRestart'>;
  readonly signal: AbortSignal;
}

export interface Reflector {
  /** By uid. */
  readonly objects: ReadonlyMap<string, LiveObject>;
  /** Why the copy may be stale; null: it is kept up to date. */
  trouble(): string | null;
  /** Resolves once everything was listed for the first time, or the signal aborts. */
  readonly listed: Promise<void>;
  /** Resolves once it has come to rest after the signal was aborted. */
  readonly done: Promise<void>;
}

const pageSize = 500;
/** The API server sends a bookmark a minute: one that says nothing for so long is not there any more. */
const silenceMs = 150_000;
const backoffMs = { first: 500, most: 30_000 };

interface Copy extends ReflectorOptions {
  readonly objects: Map<string, LiveObject>;
  trouble: string | null;
}

export function startReflector(options: ReflectorOptions): Reflector {
  const { signal } = options;
  const copy: Copy = { ...options, objects: new Map(), trouble: null };
  const listed = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => listed.resolve(), { once: true });
  const done = run(copy, listed.resolve);
  return { objects: copy.objects, trouble: () => copy.trouble, listed: listed.promise, done };
}

async function run(copy: Copy, onListed: () => void): Promise<void> {
  const { signal, clock, log, telemetry, collection } = copy;
  let version: string | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      version ??= await list(copy);
      onListed();
      const last = version;
      version = await watch(copy, last, () => {
        copy.trouble = null;
        failures = 0;
      });
    } catch (error) {
      if (signal.aborted) return;
      const isGone = error instanceof TowpathError && error.reason === 'ClusterGone';
      // After a failure what happened meanwhile is only known from a new list.
      version = null;
      if (!isGone) {
        failures += 1;
        copy.trouble = error instanceof Error ? error.message : String(error);
        const retryInMs = pauseAfter(error, failures);
        log.warn('Cannot watch the cluster', { resource: collection.resource, error: copy.trouble, retryInMs });
        await clock.sleep(retryInMs, signal).catch(() => undefined);
      }
    }
    telemetry.watchRestart(collection.resource);
  }
}

function pauseAfter(error: unknown, failures: number): number {
  const asked = error instanceof TowpathError ? error.retryAfterMs : undefined;
  const full = Math.min(backoffMs.most, backoffMs.first * 2 ** Math.min(failures - 1, 20));
  return asked ?? Math.round(full * (0.5 + Math.random() / 2));
}

interface Listing {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

/** Answers the version from which a watch goes on. */
async function list(copy: Copy): Promise<string> {
  const { http, collection, signal } = copy;
  const seen = new Set<string>();
  let next = '';
  for (;;) {
    const query = queryOf(collection, { limit: String(pageSize), ...(next === '' ? {} : { continue: next }) });
    const purpose = `list ${collection.resource} in namespace ${collection.namespace}`;
    const page = (await http.json({ method: 'GET', path: `${collection.path}?${query}`, signal, purpose })) as Listing;
    for (const item of itemsOf<LiveObject>(page)) {
      seen.add(item.metadata.uid);
      put(copy, { ...item, kind: collection.kind, apiVersion: collection.apiVersion });
    }
    next = page.metadata.continue ?? '';
    if (next !== '') continue;
    for (const [uid, object] of copy.objects) if (!seen.has(uid)) drop(copy, object);
    return page.metadata.resourceVersion;
  }
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: LiveObject & { readonly code?: number; readonly message?: string };
}

/** Answers the version up to which all is known, once the server has ended the watch. */
async function watch(copy: Copy, from: string, onOpen: () => void): Promise<string> {
  const { http, collection, signal } = copy;
  let version = from;
  const query = queryOf(collection, {
    watch: 'true',
    resourceVersion: from,
    allowWatchBookmarks: 'true',
    // By chance, so that a thousand watches do not end together.
    timeoutSeconds: String(300 + Math.floor(Math.random() * 300)),
  });
  const purpose = `watch ${collection.resource} in namespace ${collection.namespace}`;
  const lines = http.lines({ method: 'GET', path: `${collection.path}?${query}`, signal, purpose, silenceMs, onOpen });
  for await (const line of lines) {
    const { type, object } = eventOf(line, purpose);
    if (type === 'ERROR') throw failed(purpose, object.code, object.message);
    version = object.metadata.resourceVersion ?? version;
    if (type === 'DELETED') drop(copy, copy.objects.get(object.metadata.uid) ?? null);
    else if (type !== 'BOOKMARK') put(copy, object);
  }
  return version;
}

/** A connection that was cut in the middle leaves half a line. */
function eventOf(line: string, purpose: string): WatchEvent {
  try {
    return JSON.parse(line) as WatchEvent;
  } catch {
    throw new TowpathError(
      'transient',
      'WatchBroken',
      `Cannot ${purpose}: the connection broke in the middle of a line`,
    );
  }
}

function failed(purpose: string, code: number | undefined, message: string | undefined): TowpathError {
  const reason = code === 410 ? 'ClusterGone' : 'WatchBroken';
  return new TowpathError('transient', reason, `Cannot ${purpose}: ${message ?? 'the API server ended it'}`);
}

function put(copy: Copy, object: LiveObject): void {
  const { uid, resourceVersion } = object.metadata;
  const before = copy.objects.get(uid) ?? null;
  if (before !== null && before.metadata.resourceVersion === resourceVersion) return;
  const after = copy.collection.keep(object);
  if (after === null) drop(copy, before);
  else {
    copy.objects.set(uid, after);
    copy.onChange(before, after);
  }
}

function drop(copy: Copy, object: LiveObject | null): void {
  if (object === null) return;
  copy.objects.delete(object.metadata.uid);
  copy.onChange(object, null);
}

function queryOf({ labelSelector }: Collection, query: Readonly<Record<string, string>>): URLSearchParams {
  return new URLSearchParams({ ...query, ...(labelSelector === undefined ? {} : { labelSelector }) });
}
