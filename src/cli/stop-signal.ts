/** SIGTERM and SIGINT ask a server to stop; the second time they insist. */

interface StopSignal {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with it. */
  readonly stopped: Promise<void>;
}

/**
 * Call it once there is something to stop: before that a signal ends the process at once, as the system has it, while a
 * database is being made that would hear of nothing for seconds.
 */
export function stopSignal(): StopSignal {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    controller.abort();
    resolve();
  };
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, stop);
  return { signal: controller.signal, stopped: promise };
}

/** The system passes signals to the first process of a container only where it listens for them. */
export const isFirstProcess = process.pid === 1;
