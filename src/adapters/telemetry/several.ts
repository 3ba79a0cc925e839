/** Several Telemetry adapters as one; what one of them cannot do disturbs neither the others nor the work. */
import type { Telemetry } from '../../ports.ts';

/** Each takes of the port what concerns it. */
export function severalTelemetry(...all: readonly Partial<Telemetry>[]): Telemetry {
  const each = (measure: (one: Partial<Telemetry>) => void): void => {
    for (const one of all) {
      try {
        measure(one);
      } catch {
        // To measure is less than to work.
      }
    }
  };
  return {
    step: (...values) => each((one) => one.step?.(...values)),
    failure: (...values) => each((one) => one.failure?.(...values)),
    pass: (...values) => each((one) => one.pass?.(...values)),
    retry: (...values) => each((one) => one.retry?.(...values)),
    queue: (...values) => each((one) => one.queue?.(...values)),
    watchRestart: (...values) => each((one) => one.watchRestart?.(...values)),
    request: (...values) => each((one) => one.request?.(...values)),
    leading: (...values) => each((one) => one.leading?.(...values)),
    forgeBudget: (...values) => each((one) => one.forgeBudget?.(...values)),
    reviews: (...values) => each((one) => one.reviews?.(...values)),
  };
}
