/** Looks at the API key before anything else starts: a listener that cannot report must not lay anything down. */
import { systemClock } from '../../adapters/system-clock.ts';
import { noTelemetry } from '../../adapters/telemetry/none.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { asTowpathError } from '../../domain/failure.ts';
import type { Log } from '../../ports.ts';
import { wireControlPlane } from '../wire.ts';

/** A control plane that is away refuses nothing: the listener waits for it, and looks at the key with each listing. */
export async function requireListenerKey(configuration: Configuration, log: Log, signal: AbortSignal): Promise<void> {
  // In mirror mode a listener reads only, and a workspace key is the right one.
  if (configuration.controlPlane.mode === 'mirror') return;
  const controlPlane = wireControlPlane(configuration, 'listen', { clock: systemClock(), log, telemetry: noTelemetry });
  try {
    if ((await controlPlane.info()) !== null) await controlPlane.desired(null, 0, signal);
  } catch (error) {
    const reason = asTowpathError(error)?.reason;
    if (reason === 'WrongKey' || reason === 'Forbidden') throw error;
    log.debug('Could not look at the API key yet', { reason });
  } finally {
    await controlPlane.close();
  }
}
