/** Whether the database answers: what a probe asks, and never waits long for. */
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Log } from '../services.ts';
import type { Database } from './database.ts';

const patienceMs = 4_000;

/** A driver may wait for minutes for a server that is away; a probe is told before its own patience ends. */
export async function isReachable({
  database,
  log,
}: {
  readonly database: Database;
  readonly log: Log;
}): Promise<boolean> {
  const answered = new AbortController();
  const late = delay(patienceMs, false, { signal: answered.signal }).catch(() => false);
  const question = database.execute(sql`select 1`).then(() => true);
  try {
    const isAnswered = await Promise.race([question, late]);
    if (!isAnswered) log.error('The database does not answer', { error: `no answer within ${patienceMs} ms` });
    return isAnswered;
  } catch (error) {
    log.error('The database does not answer', {
      error: String(error instanceof Error ? (error.cause ?? error) : error),
    });
    return false;
  } finally {
    answered.abort();
    question.catch(() => undefined);
  }
}
