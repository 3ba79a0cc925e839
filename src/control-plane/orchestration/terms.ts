/** Which of several instances of a listener may report: none with a term below the highest that was taken. */
import { eq } from 'drizzle-orm';
import type { ListenerId, WorkspaceId } from '../../domain/identifiers.ts';
import { highestTerm } from '../../domain/report.ts';
import { audit } from '../audit.ts';
import type { Principal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Transaction } from '../store/open-database.ts';
import type { ListenerRow } from '../store/rows.ts';
import { listeners } from '../store/schema.ts';
import { changeInTurn } from '../store/turns.ts';
import { describeRefusal } from './silence.ts';

/** A Lease may be older than the listener, and have gone from hand to hand for years. */
const termsBefore = 1_000_000;

/**
 * The listener's row first, like every other change of its deployments; so nothing can wait in a circle. A Lease changes
 * hands less than once a second, so time bounds its term: whoever holds it can always raise it above any that was taken.
 * Answers what the listener serves.
 */
export async function acceptTerm(
  transaction: Transaction,
  listenerId: ListenerId,
  term: number,
  now: Date,
): Promise<Pick<ListenerRow, 'namespaces'>> {
  const { createdAt, namespaces, reportRefusal: refusal } = listeners;
  const [listener] = await transaction
    .select({ term: listeners.term, refusal, createdAt, namespaces })
    .from(listeners)
    .where(eq(listeners.id, listenerId))
    .for('no key update');
  if (!listener) throw new Refusal(404, `Listener ID ${listenerId} not found.`);
  const most = mostTerm(listener.createdAt, now);
  if (term > most) {
    throw new Refusal(
      403,
      `Cannot take reports of term ${term}: no Lease can have come beyond ${most} by now. Delete the Lease of this ` +
        'listener; it is made anew',
    );
  }
  if (listener.term > term) {
    throw new Refusal(
      409,
      `Another instance of this listener leads: it reported with term ${listener.term}, not ${term}. Where it is gone ` +
        `for good, or leaderElection was turned off, an admin lets lower terms report again: ${resetCall(listenerId)}`,
    );
  }
  const isNews = listener.term !== term || listener.refusal !== null;
  if (isNews)
    await transaction.update(listeners).set({ term, reportRefusal: null }).where(eq(listeners.id, listenerId));
  return listener;
}

function mostTerm(createdAt: Date, now: Date): number {
  const seconds = Math.max(0, Math.floor((now.getTime() - createdAt.getTime()) / 1000));
  return Math.min(termsBefore + seconds, highestTerm);
}

function resetCall(listenerId: ListenerId): string {
  return `POST /towpath/v1/listeners/${listenerId}/reset-term`;
}

/** For whoever looks at the listener or at what waits for it; the first refusal says since when. */
export async function noteRefusal(
  { database, now }: Pick<Services, 'database' | 'now'>,
  listenerId: ListenerId,
  message: string,
): Promise<void> {
  const at = now();
  const [known] = await database
    .select({ refusal: listeners.reportRefusal })
    .from(listeners)
    .where(eq(listeners.id, listenerId));
  if (!known) return;
  const since = describeRefusal(known.refusal, at) === null ? at.toISOString() : known.refusal?.since;
  const refusal = { since: since ?? at.toISOString(), at: at.toISOString(), message };
  await database.update(listeners).set({ reportRefusal: refusal }).where(eq(listeners.id, listenerId));
}

/** Answers the term that was the highest until now. */
export function resetTerm(
  { database }: Pick<Services, 'database'>,
  principal: Principal,
  listenerId: ListenerId,
): Promise<number> {
  return changeInTurn(database, listenerId, async (transaction) => {
    const [listener] = await transaction
      .select({ term: listeners.term, workspaceId: listeners.workspaceId, computeId: listeners.computeId })
      .from(listeners)
      .where(eq(listeners.id, listenerId))
      .for('update');
    if (!listener || !mayReset(principal, listener.workspaceId)) {
      throw new Refusal(404, `Listener ID ${listenerId} not found.`);
    }
    await transaction.update(listeners).set({ term: 0, reportRefusal: null }).where(eq(listeners.id, listenerId));
    const target = { kind: 'listener', id: listenerId, workspaceId: listener.workspaceId } as const;
    const { term, computeId } = listener;
    await audit(transaction, principal, 'listener.reset-term', target, { computeId, term });
    return term;
  });
}

function mayReset({ workspaceId }: Principal, owner: WorkspaceId): boolean {
  return workspaceId === null || workspaceId === owner;
}
