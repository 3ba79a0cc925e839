/** Notes that a listener is alive; every so often is enough. */
import { eq } from 'drizzle-orm';
import type { ListenerId } from '../../domain/identifiers.ts';
import type { Services } from '../services.ts';
import { listeners } from './schema.ts';

const everyMs = 5_000;

export type Heartbeat = (listenerId: ListenerId) => Promise<void>;

export function heartbeat({ database, now, log }: Pick<Services, 'database' | 'now' | 'log'>): Heartbeat {
  const noted = new Map<ListenerId, number>();
  return async (listenerId) => {
    const at = now();
    if (at.getTime() - (noted.get(listenerId) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
    noted.set(listenerId, at.getTime());
    try {
      await database.update(listeners).set({ lastSeenAt: at }).where(eq(listeners.id, listenerId));
    } catch {
      // On a full disk a listener must still hear what to do.
      log.warn('Could not note that a listener was seen', { listenerId });
    }
  };
}
