/** Notes that a listener is alive; every so often is enough. */
import { eq, inArray } from 'drizzle-orm';
import type { ListenerId } from '../../domain/identifiers.ts';
import type { Services } from '../services.ts';
import { listeners } from './schema.ts';

const everyMs = 5_000;

type Heartbeat = (listenerId: ListenerId) => Promise<void>;

export function heartbeat({ database, now, log }: Pick<Services, 'database' | 'now' | 'log'>): Heartbeat {
  const noted = new Map<ListenerId, number>();
  return async (listenerId) => {
    const at = now();
    if (at.getTime() - (noted.get(listenerId) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
    noted.set(listenerId, at.getTime());
    try {
      const which = database
        .select({ id: listeners.id })
        .from(listeners)
        .where(eq(listeners.id, listenerId))
        .for('no key update', { skipLocked: true });
      const seen = await database
        .update(listeners)
        .set({ lastSeenAt: at })
        .where(inArray(listeners.id, which))
        .returning({ id: listeners.id });
      // Somebody is changing what the listener is to hear of: no reason to wait, so the next question notes it.
      if (seen.length === 0) noted.delete(listenerId);
    } catch {
      // On a full disk a listener must still hear what to do.
      log.warn('Could not note that a listener was seen', { listenerId });
    }
  };
}
