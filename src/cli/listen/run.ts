/** Runs `towpath listen` until it is told to stop: alone, or as one of several replicas of which one leads. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { aborted } from 'node:util';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { LeaderElection } from '../../domain/configuration-cluster.ts';
import { lead } from '../../listener/leader/leader.ts';
import { type Leadership, soleLeadership } from '../../listener/leader/leadership.ts';
import { startListener } from '../../listener/listener.ts';
import type { Log } from '../../ports.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { openLog } from '../log.ts';
import type { LogOptions } from '../options.ts';
import { logSettings } from '../options.ts';
import { stopSignal } from '../stop-signal.ts';
import { version } from '../version.ts';
import { wireListener } from '../wire.ts';
import { openLease } from '../wiring/cluster.ts';
import { requireListenerKey } from './listener-key.ts';
import { type Monitored, openMonitoring } from './monitored.ts';
import { type OpenedWebhooks, openWebhooks } from './webhooks.ts';

interface Setting {
  readonly configuration: Configuration;
  readonly log: Log;
  readonly monitored: Monitored;
  readonly webhooks: OpenedWebhooks;
}

export async function runListen(options: ListenOptions): Promise<void> {
  const configuration = await loadConfiguration(options.config);
  const log = openLog(logSettings(options));
  const { signal } = stopSignal();
  await using monitored = await openMonitoring(configuration, log);
  await using webhooks = await openWebhooks(configuration, log);
  await requireListenerKey(configuration, log, signal);
  const setting = { configuration, log, monitored, webhooks };
  const { leaderElection } = configuration.listener;
  await (leaderElection === undefined ? listenAlone(setting, signal) : elect(setting, leaderElection, signal));
}

function listenAlone(setting: Setting, signal: AbortSignal): Promise<void> {
  setting.monitored.telemetry.leading(true);
  setting.monitored.note({ kind: 'leading', term: soleLeadership.term });
  return listenUntil(setting, { ...soleLeadership, signal });
}

/** What a standby needs it makes sure of at once, not when it has to take over. */
async function elect(setting: Setting, timings: LeaderElection, signal: AbortSignal): Promise<void> {
  const { configuration, log, monitored } = setting;
  const { telemetry } = monitored;
  const lease = openLease(configuration, telemetry);
  await (await wireListener(configuration, { purpose: 'preview', log })).close();
  await lead({
    lease,
    timings,
    log,
    telemetry,
    signal,
    identity: `${hostname()}_${randomUUID()}`,
    clock: systemClock(),
    onState: monitored.note,
    run: (leadership) => listenUntil(setting, leadership),
  });
}

async function listenUntil(
  { configuration, log, monitored, webhooks }: Setting,
  leadership: Leadership & { readonly signal: AbortSignal },
): Promise<void> {
  const { telemetry } = monitored;
  const ports = await wireListener(configuration, { purpose: 'listen', log, telemetry });
  const listener = startListener(ports, configuration, { towpathVersion: version(), leadership });
  webhooks.attend(listener);
  log.info('Listening', {
    listener: configuration.listener.id,
    controlPlane: configuration.controlPlane.url,
    namespaces: [...ports.namespaces].map(([name, { engine }]) => `${name} (${engine ?? 'no engine'})`).join(', '),
    version: version(),
  });
  await aborted(leadership.signal, leadership.signal);
  webhooks.attend(null);
  log.info('Stopping: the running passes end first, a second signal does not wait for them');
  await listener.stop();
  await ports.close();
}

export interface ListenOptions extends LogOptions {
  readonly config: string;
}
