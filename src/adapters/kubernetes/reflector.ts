/** Keeps a copy of one collection of objects by list and watch; no failure ends it, and nothing that happened meanwhile is missed. */
import { TowpathError } from '../../domain/failure.ts';
import type { LiveObject } from '../../domain/live-object.ts';
import type { Clock, Log, Telemetry } from '../../ports.ts';
import { itemsOf, type KubernetesHttp } from './http.ts';

export interface Collection {
  /** `/apis/apps/v1/namespaces/team-a/deployments`. */
  readonly path: string;
  /** For messages and metrics: `deployments.apps`. */
  readonly resource: string;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly kind: string;
  readonly apiVersion: string;
  /** Of a kind that not every cluster knows; where it is not served, there is nothing, and that is no trouble. */
  readonly isServed?: () => Promise<boolean>;
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
  /** A watch that says nothing for so long is given up; absent: 150 s. */
  readonly silenceMs?: number;
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

/** 500 would be read faster, but let the memory grow by 60 MB more where 4,000 pods are listed. */
const pageSize = 200;
/** The API server sends a bookmark a minute: one that says nothing for so long is not there any more. */
const usualSilenceMs = 150_000;
const backoffMs = { first: 500, most: 30_000 };
/** An attempt that lasted so long was a good one: what comes after it counts anew. */
const settledMs = 5_000;
const unservedPauseMs = 300_000;

interface Copy extends ReflectorOptions {
  readonly objects: Map<string, LiveObject>;
  trouble: string | null;
  /** Up to which all is known; null: it must be listed. */
  version: string | null;
}

export function startReflector(options: ReflectorOptions): Reflector {
  const { signal } = options;
  const copy: Copy = { ...options, objects: new Map(), trouble: null, version: null };
  const listed = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => listed.resolve(), { once: true });
  const done = run(copy, listed.resolve);
  return { objects: copy.objects, trouble: () => copy.trouble, listed: listed.promise, done };
}

async function run(copy: Copy, onListed: () => void): Promise<void> {
  const { signal, clock, telemetry, collection } = copy;
  let failures = 0;
  while (!signal.aborted) {
    const began = clock.now().getTime();
    let error: unknown = null;
    try {
      await follow(copy, onListed);
    } catch (caught) {
      error = caught;
    }
    if (signal.aborted) return;
    failures = clock.now().getTime() - began < settledMs ? failures + 1 : 1;
    await rest(copy, error, failures);
    telemetry.watchRestart(collection.resource);
  }
}

/** Ends when the server ends the watch. */
async function follow(copy: Copy, onListed: () => void): Promise<void> {
  const { clock, signal, collection } = copy;
  if (collection.isServed && !(await collection.isServed())) {
    copy.trouble = null;
    for (const object of copy.objects.values()) drop(copy, object);
    onListed();
    return clock.sleep(unservedPauseMs, signal);
  }
  copy.version ??= await list(copy);
  onListed();
  await watch(copy, copy.version);
}

/** Watches that end at once, again and again, must not become a storm of requests; the first time costs no pause. */
async function rest(copy: Copy, error: unknown, failures: number): Promise<void> {
  const { clock, signal, log, collection } = copy;
  const isGone = error instanceof TowpathError && error.reason === 'ClusterGone';
  // A cut connection misses nothing that the next watch does not tell; what fails twice is listed anew.
  if (isGone || (error !== null && failures > 1)) copy.version = null;
  const isUsual = error === null || isGone;
  if (isUsual && failures === 1) return;
  const retryInMs = pauseAfter(error, failures);
  if (!isUsual) {
    copy.trouble = error instanceof Error ? error.message : String(error);
    log.warn('Cannot watch the cluster', { resource: collection.resource, error: copy.trouble, retryInMs });
  }
  await clock.sleep(retryInMs, signal).catch(() => undefined);
}

function pauseAfter(error: unknown, failures: number): number {
  const asked = error instanceof TowpathError ? (error.retryAfterMs ?? 0) : 0;
  const full = Math.min(backoffMs.most, backoffMs.first * 2 ** Math.min(failures - 1, 20));
  return Math.max(asked, Math.round(full * (0.5 + Math.random() / 2)));
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
      put(copy, item);
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

async function watch(copy: Copy, from: string): Promise<void> {
  const { http, collection, signal, silenceMs = usualSilenceMs } = copy;
  const query = queryOf(collection, {
    watch: 'true',
    resourceVersion: from,
    allowWatchBookmarks: 'true',
    // By chance, so that a thousand watches do not end together.
    timeoutSeconds: String(300 + Math.floor(Math.random() * 300)),
  });
  const purpose = `watch ${collection.resource} in namespace ${collection.namespace}`;
  const onOpen = (): void => {
    copy.trouble = null;
  };
  const lines = http.lines({ method: 'GET', path: `${collection.path}?${query}`, signal, purpose, silenceMs, onOpen });
  for await (const line of lines) {
    const { type, object } = eventOf(line, purpose);
    if (type === 'ERROR') throw failed(purpose, object.code, object.message);
    if (type === 'DELETED') drop(copy, copy.objects.get(object.metadata.uid) ?? null);
    else if (type !== 'BOOKMARK') put(copy, object);
    copy.version = object.metadata.resourceVersion ?? copy.version;
  }
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
  const { kind, apiVersion, keep } = copy.collection;
  // Items of a list do not say what they are.
  const after = keep({ ...object, kind, apiVersion });
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
