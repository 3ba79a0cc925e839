/** Measures nothing: for commands that run once, and for tests. */
import type { Telemetry } from '../../ports.ts';

const nothing = (): void => undefined;

export const noTelemetry: Telemetry = {
  step: nothing,
  failure: nothing,
  pass: nothing,
  retry: nothing,
  queue: nothing,
  watchRestart: nothing,
  request: nothing,
  leading: nothing,
  forgeBudget: nothing,
  reviews: nothing,
};
