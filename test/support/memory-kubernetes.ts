/** Objects of an API server in memory: created, patched and deleted as the real one does, with finalizers and versions. */
import { randomUUID } from 'node:crypto';
import type { LiveObject } from '../../src/domain/live-object.ts';

/** An object as a person would write it. */
interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

type Reference = Pick<WrittenObject, 'apiVersion' | 'kind' | 'metadata'>;
type Follower = (before: LiveObject | null, after: LiveObject | null) => void;

export interface MemoryKubernetes {
  /** As server-side apply does: what the object does not name stays. */
  put(object: WrittenObject): LiveObject;
  /** A JSON merge patch; undefined: there is nothing to patch, or it is of another version by now. */
  patch(reference: Reference, change: Readonly<Record<string, unknown>>): LiveObject | undefined;
  /** What has finalizers only begins to go. */
  remove(reference: Reference): void;
  find(reference: Reference): LiveObject | undefined;
  all(): readonly LiveObject[];
  /** Calls after each change; answers how to end that. */
  follow(follower: Follower): () => void;
}

export function memoryKubernetes(now: () => Date = () => new Date()): MemoryKubernetes {
  const objects = new Map<string, LiveObject>();
  const followers = new Set<Follower>();
  let version = 0;
  const store = (key: string, after: LiveObject | null): void => {
    const before = objects.get(key) ?? null;
    if (after) objects.set(key, after);
    else objects.delete(key);
    for (const follower of [...followers]) follower(before, after);
  };
  /** Stamps what only the server writes; a change that changes nothing is none. */
  const write = (key: string, before: LiveObject | undefined, next: LiveObject): LiveObject => {
    if (before && JSON.stringify(before) === JSON.stringify(next)) return before;
    version += 1;
    const isNewSpec = JSON.stringify(before?.spec) !== JSON.stringify(next.spec);
    const metadata = {
      creationTimestamp: now().toISOString(),
      ...next.metadata,
      uid: before?.metadata.uid ?? randomUUID(),
      generation: next.metadata.generation ?? 1,
      resourceVersion: String(version),
    };
    if (before && isNewSpec) metadata.generation += 1;
    const isOver = metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
    const after = { ...next, metadata };
    store(key, isOver ? null : after);
    return after;
  };
  return {
    put: (object) => {
      const before = objects.get(keyOf(object));
      return write(keyOf(object), before, merged(before ?? {}, object, 'apply') as unknown as LiveObject);
    },
    patch: (reference, change) => {
      const key = keyOf(reference);
      const before = objects.get(key);
      const wanted = (change as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion;
      if (!before || (wanted !== undefined && wanted !== before.metadata.resourceVersion)) return undefined;
      return write(key, before, merged(before, change, 'patch') as unknown as LiveObject);
    },
    remove: (reference) => {
      const key = keyOf(reference);
      const before = objects.get(key);
      if (!before || before.metadata.deletionTimestamp !== undefined) return;
      if ((before.metadata.finalizers ?? []).length === 0) return store(key, null);
      write(key, before, { ...before, metadata: { ...before.metadata, deletionTimestamp: now().toISOString() } });
    },
    find: (reference) => objects.get(keyOf(reference)),
    all: () => [...objects.values()],
    follow: (follower) => {
      followers.add(follower);
      return () => followers.delete(follower);
    },
  };
}

function keyOf({ apiVersion, kind, metadata }: Reference): string {
  return `${apiVersion} ${kind} ${metadata.namespace ?? ''} ${metadata.name}`;
}

function merged(before: object, change: object, way: 'apply' | 'patch'): Readonly<Record<string, unknown>> {
  const result: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(change)) {
    const old = result[key];
    if (value === null && way === 'patch') delete result[key];
    else if (isRecord(value)) result[key] = merged(isRecord(old) ? old : {}, value, way);
    else result[key] = value;
  }
  return result;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
