/** When the Secrets in the cluster are looked after: now and then, and soon where a pod waits for one. */
import { describe } from '../describe.ts';
import type { ObserverWorld } from '../observe/world.ts';
import { keepSecrets } from './keeper.ts';

export interface SecretRounds {
  /** Begins a round if one is due; nobody waits for it. */
  keep(): void;
  /** A pod waits for a Secret that is not there. */
  hurry(): void;
  /** Milliseconds since 1970: when the next round is due; null: nobody can tell yet, or one is under way. */
  next(): number | null;
  rest(): Promise<void>;
}

export function createSecretRounds(world: ObserverWorld, signal: AbortSignal, onEnd: () => void): SecretRounds {
  const { clock, timings, desired, settings } = world.context;
  let last = Number.NEGATIVE_INFINITY;
  let isUrgent = false;
  let round: Promise<void> | null = null;
  /** Never before it is known what is wanted, and what the branch refers to. */
  const next = (): number | null => {
    if (settings.secrets.mode !== 'cluster' || round !== null || signal.aborted) return null;
    if (world.view === null || !desired.complete) return null;
    return last + (isUrgent ? timings.blindMs : timings.fullComparisonMs);
  };
  const keep = (): void => {
    const due = next();
    if (due === null || due > clock.now().getTime()) return;
    last = clock.now().getTime();
    isUrgent = false;
    round = lookAfterSecrets(world).finally(() => {
      round = null;
      onEnd();
    });
  };
  return {
    keep,
    next,
    hurry: () => {
      isUrgent = true;
      keep();
    },
    rest: async () => {
      await round;
    },
  };
}

async function lookAfterSecrets(world: ObserverWorld): Promise<void> {
  const { namespace, log } = world.context;
  await keepSecrets(world).catch((error: unknown) => {
    log.warn('Cannot look after the Secrets', { namespace, error: describe(error) });
  });
}
