/** When the Secrets in the cluster are looked after: now and then, and soon where a pod waits for one. */
import { describe } from './decide.ts';
import type { ObserverWorld } from './observer-world.ts';
import { keepSecrets } from './secret-keeper.ts';

export interface SecretRounds {
  /** Begins a round if one is due; nobody waits for it. */
  keep(): void;
  /** A pod waits for a Secret that is not there. */
  hurry(): void;
  rest(): Promise<void>;
}

export function createSecretRounds(world: ObserverWorld, signal: AbortSignal): SecretRounds {
  const { clock, timings, desired, settings } = world.context;
  let last = Number.NEGATIVE_INFINITY;
  let isUrgent = false;
  let round: Promise<void> | null = null;
  /** Never before it is known what is wanted, and what the branch refers to. */
  const isDue = (): boolean => {
    if (settings.secrets.mode !== 'cluster' || round !== null || signal.aborted) return false;
    if (world.view === null || !desired.complete) return false;
    return clock.now().getTime() - last >= (isUrgent ? timings.blindMs : timings.fullComparisonMs);
  };
  const keep = (): void => {
    if (!isDue()) return;
    last = clock.now().getTime();
    isUrgent = false;
    round = lookAfterSecrets(world).finally(() => {
      round = null;
    });
  };
  return {
    keep,
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
