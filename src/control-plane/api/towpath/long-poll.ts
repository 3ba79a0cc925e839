/** Holds a listener's question until there is something to tell. */
import type { DesiredPage } from '../../../domain/desired.ts';
import type { ListenerId } from '../../../domain/identifiers.ts';
import { readDesiredPage } from '../../store/desired-page.ts';
import type { TowpathServices } from './services.ts';

interface Question {
  readonly listenerId: ListenerId;
  readonly after: string | null;
  readonly waitSeconds: number;
  /** The client has gone: nobody reads the answer. */
  readonly aborted: AbortSignal;
}

/** Answers at once where there is news; null where there is no such listener. */
export async function waitForPage(
  { database, changes, stopping }: Pick<TowpathServices, 'database' | 'changes' | 'stopping'>,
  { listenerId, after, waitSeconds, aborted }: Question,
): Promise<DesiredPage | null> {
  const bell = doorbell();
  // Before the first look, so that no change slips through between looking and waiting.
  const unsubscribe = changes.subscribe('towpath_listener', listenerId, bell.ring);
  const over = AbortSignal.any([aborted, stopping]);
  const deadline = performance.now() + waitSeconds * 1000;
  try {
    for (;;) {
      const rung = bell.next();
      const page = await readDesiredPage(database, listenerId, after);
      const news = page === null || page.reset || page.items.length > 0;
      const left = deadline - performance.now();
      if (news || left <= 0 || over.aborted) return page;
      await firstOf(rung, left, over);
    }
  } finally {
    unsubscribe();
  }
}

/** `next` is fulfilled by the first ring after it was asked for. */
function doorbell() {
  let waiting = Promise.withResolvers<void>();
  return {
    ring: () => waiting.resolve(),
    next(): Promise<void> {
      waiting = Promise.withResolvers<void>();
      return waiting.promise;
    },
  };
}

async function firstOf(rung: Promise<void>, timeoutMs: number, over: AbortSignal): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const timer = setTimeout(ended.resolve, timeoutMs);
  over.addEventListener('abort', () => ended.resolve(), { once: true });
  await Promise.race([rung, ended.promise]);
  clearTimeout(timer);
}
