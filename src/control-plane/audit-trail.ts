/**
 * What changes nothing and yet belongs in the audit table: calls that were refused, and readings of secret values. Both are
 * gathered in memory and written beside the requests, so that no request waits for them and nobody can fill the table.
 */
import type { DeploymentId, WorkspaceId } from '../domain/identifiers.ts';
import { type CallOrigin, type Principal, requesterOf } from './principal.ts';
import type { Services } from './services.ts';
import { audit } from './store/schema.ts';

interface RefusedCall {
  /** Null where no key, or no valid one, was sent. */
  readonly principal: Principal | null;
  readonly origin: CallOrigin;
  /** `DELETE /towpath/v1/keys/{id}`: by the route's pattern. */
  readonly call: string;
  readonly status: number;
  readonly why: string;
  /** How the key begins that was sent and is not valid. */
  readonly prefix: string | null;
}

export interface AuditTrail {
  /** The same call again within a minute is counted, not written. */
  refused(call: RefusedCall): void;
  /** The same key reading the same deployment's values again within the hour adds nothing. */
  secretsRead(principal: Principal, deployments: readonly DeploymentId[]): void;
  /** Writes what is new; for whoever reads the table now. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

type Entry = typeof audit.$inferInsert;

interface Refusals {
  readonly entry: Entry;
  readonly firstAt: Date;
  lastAt: Date;
  requestId: string | null;
  /** Since it was last written. */
  count: number;
  isWritten: boolean;
}

const refusalsMs = 60_000;
/** Calls of a minute that are told apart, with a valid key and without one; the rest are counted together. */
const calls = { withKey: 100, without: 20 } as const;
const readsMs = 2_000;
const readAgainMs = 3_600_000;
const readsRemembered = 20_000;
const entriesAtOnce = 1_000;

export function auditTrail(services: Pick<Services, 'database' | 'now' | 'log'>): AuditTrail {
  const refusals = gatherRefusals(services.now);
  const reads = gatherReads(services.now);
  const write = async (entries: readonly Entry[]): Promise<void> => {
    try {
      for (let from = 0; from < entries.length; from += entriesAtOnce) {
        await services.database.insert(audit).values(entries.slice(from, from + entriesAtOnce));
      }
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'unknown';
      services.log.error('Cannot write the audit entries of refused calls and read secrets', {
        entries: entries.length,
        error: cause,
      });
    }
  };
  const refusalTimer = once(refusalsMs, () => write(refusals.end()));
  const readTimer = once(readsMs, () => write(reads.take()));
  return {
    refused(call) {
      refusals.add(call);
      refusalTimer.start();
    },
    secretsRead(principal, deployments) {
      if (reads.add(principal, deployments)) readTimer.start();
    },
    flush: () => write([...reads.take(), ...refusals.news()]),
    async close() {
      refusalTimer.stop();
      readTimer.stop();
      await write([...reads.take(), ...refusals.end()]);
    },
  };
}

/** Runs a while after the first start, and then only after another. */
function once(ms: number, run: () => Promise<void>) {
  let timer: NodeJS.Timeout | undefined;
  return {
    start(): void {
      timer ??= setTimeout(() => {
        timer = undefined;
        void run();
      }, ms).unref();
    },
    stop: () => clearTimeout(timer),
  };
}

function gatherRefusals(now: () => Date) {
  const known = new Map<string, Refusals>();
  const counts = { withKey: 0, without: 0 };
  return {
    add(call: RefusedCall): void {
      const kind = call.principal === null ? 'without' : 'withKey';
      const who = call.principal?.keyId ?? `${call.origin.address} ${call.prefix}`;
      let key = `${who} ${call.status} ${call.call}`;
      if (!known.has(key)) {
        const isRoom = counts[kind] < calls[kind];
        if (isRoom) counts[kind] += 1;
        else key = `others ${kind}`;
        if (!known.has(key)) known.set(key, newRefusals(isRoom ? refusalEntry(call) : otherRefusals(kind), now()));
      }
      count(known.get(key), call, now());
    },
    /** What has not been seen at all; what comes again is told when the minute ends. */
    news: () => written([...known.values()].filter((one) => !one.isWritten)),
    end(): Entry[] {
      const rest = written([...known.values()]);
      known.clear();
      Object.assign(counts, { withKey: 0, without: 0 });
      return rest;
    },
  };
}

function newRefusals(entry: Entry, at: Date): Refusals {
  return { entry, firstAt: at, lastAt: at, requestId: null, count: 0, isWritten: false };
}

function count(refusals: Refusals | undefined, { origin }: RefusedCall, at: Date): void {
  if (refusals === undefined) return;
  refusals.count += 1;
  refusals.lastAt = at;
  refusals.requestId = origin.requestId;
}

function written(refusals: readonly Refusals[]): Entry[] {
  return refusals.flatMap((one) => {
    if (one.count === 0) return [];
    const { entry, count: times, firstAt, lastAt, requestId } = one;
    Object.assign(one, { count: 0, isWritten: true });
    const seen = { count: times, firstAt: firstAt.toISOString(), lastAt: lastAt.toISOString() };
    return [{ ...entry, requestId, detail: { ...entry.detail, ...seen } }];
  });
}

function refusalEntry({ principal, origin, call, status, why, prefix }: RefusedCall): Entry {
  return {
    ...callerOf(principal),
    ...origin,
    ...refusedCall,
    targetId: call,
    detail: { status, why: why.slice(0, 300), ...(prefix === null ? {} : { prefix }) },
  };
}

function otherRefusals(kind: keyof typeof calls): Entry {
  const why = `More than ${calls[kind]} different calls ${kind === 'withKey' ? 'with' : 'without'} a valid key a minute`;
  return { ...refusedCall, targetId: '*', detail: { why } };
}

const refusedCall = { action: 'call.refuse', outcome: 'refused', targetKind: 'call' } as const;

function callerOf(principal: Principal | null): Pick<Entry, 'workspaceId' | 'keyId' | 'actor'> {
  if (principal === null) return {};
  return { workspaceId: principal.workspaceId, keyId: principal.keyId, actor: requesterOf(principal) };
}

function gatherReads(now: () => Date) {
  const remembered = new Map<string, number>();
  let waiting: Entry[] = [];
  const isNew = (key: string, at: number): boolean => {
    const last = remembered.get(key);
    if (last !== undefined && at - last < readAgainMs) return false;
    if (remembered.size >= readsRemembered) remembered.clear();
    remembered.set(key, at);
    return true;
  };
  return {
    /** Whether anything is to be written. */
    add(principal: Principal, deployments: readonly DeploymentId[]): boolean {
      const at = now();
      const fresh = deployments.filter((id) =>
        isNew(`${principal.keyId} ${principal.origin?.address} ${id}`, at.getTime()),
      );
      for (const id of fresh) waiting.push(readEntry(principal, id, at));
      return fresh.length > 0;
    },
    take(): Entry[] {
      const taken = waiting;
      waiting = [];
      return taken;
    },
  };
}

function readEntry(principal: Principal, targetId: DeploymentId, at: Date): Entry {
  const workspaceId: WorkspaceId | null = principal.workspaceId;
  const action = { action: 'secrets.read', targetKind: 'secrets', targetId, detail: {} };
  return { ...callerOf(principal), ...principal.origin, ...action, workspaceId, at };
}
