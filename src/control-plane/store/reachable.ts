/** Whether the database answers: what a probe asks, and never waits long for. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log.ts';
import type { OpenDatabase } from './open-database.ts';

const patienceMs = 2_000;
/** Anybody may ask, without a key; the database is asked once for all of them. */
const freshMs = 1_000;

export interface Reachability {
  readonly isUp: boolean;
  /** How long the answer took. */
  readonly tookMs: number;
}

/** Asks when it is asked, but not again within a second. */
export function reachability({ probe }: Pick<OpenDatabase, 'probe'>, log: Log): () => Promise<Reachability> {
  let last: { readonly at: number; readonly answer: Promise<Reachability> } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.at > freshMs) last = { at: now, answer: ask(probe, log) };
    return last.answer;
  };
}

async function ask(probe: OpenDatabase['probe'], log: Log): Promise<Reachability> {
  const began = performance.now();
  const answered = new AbortController();
  const late = delay(patienceMs, `no answer within ${patienceMs} ms`, { signal: answered.signal });
  const question = probe().then(
    () => null,
    (error: unknown) => String(error instanceof Error ? error.message : error),
  );
  const problem = await Promise.race([question, late.catch(() => null)]);
  answered.abort();
  if (problem !== null) log.warn('The database does not answer', { error: problem });
  return { isUp: problem === null, tookMs: performance.now() - began };
}
