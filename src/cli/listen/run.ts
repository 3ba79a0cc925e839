/** Runs `towpath listen` until it is told to stop. */
import { startListener } from '../../listener/listener.ts';
import type { ListenOptions } from '../commands/listen.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { openLog } from '../log.ts';
import { logSettings } from '../options.ts';
import { stopSignal } from '../stop-signal.ts';
import { version } from '../version.ts';
import { wireListener } from '../wire.ts';

export async function runListen(options: ListenOptions): Promise<void> {
  const configuration = await loadConfiguration(options.config);
  const log = openLog(logSettings(options));
  const { stopped } = stopSignal();
  const ports = await wireListener(configuration, { purpose: 'listen', log });
  const listener = startListener(ports, configuration, { towpathVersion: version() });
  log.info('Listening', {
    listener: configuration.listener.id,
    controlPlane: configuration.controlPlane.url,
    namespaces: Object.keys(configuration.namespaces).join(','),
    version: version(),
  });
  await stopped;
  log.info('Stopping: the running passes end first, a second signal does not wait for them');
  await listener.stop();
  await ports.close();
}
