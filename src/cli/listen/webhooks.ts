/** Webhooks of a listener: who is woken by which repository, for as long as the process lives. */
import { systemClock } from '../../adapters/system-clock.ts';
import { normalRepository } from '../../core/repository-url.ts';
import { targetsOf, type WebhookTarget } from '../../core/webhook/event.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { NamespaceName } from '../../domain/identifiers.ts';
import type { RunningListener } from '../../listener/listener.ts';
import type { Clock, Log } from '../../ports.ts';
import { secretText } from '../secret-text.ts';
import { type ChangedEvent, startWebhooks } from '../server/webhooks.ts';
import { calmWaking } from './calm-waking.ts';

type Wakeable = Pick<RunningListener, 'wake'>;

export interface OpenedWebhooks extends AsyncDisposable {
  /** Whom to wake from now on; null: nobody works here now, and what comes is let go. */
  attend(listener: Wakeable | null): void;
}

/** Serves from the start on, so that a forge gets its answer from a replica that stands by, too. */
export async function openWebhooks(
  { webhooks, namespaces }: Configuration,
  log: Log,
  clock: Pick<Clock, 'sleep'> = systemClock(),
): Promise<OpenedWebhooks> {
  let listener: Wakeable | null = null;
  const attend = (next: Wakeable | null): void => {
    listener = next;
  };
  if (webhooks === undefined) return { attend, [Symbol.asyncDispose]: async () => undefined };
  const { secretFile: file, secretEnv: variable } = webhooks;
  const purpose = {
    what: 'secret of webhooks',
    option: file === undefined ? 'webhooks.secretEnv' : 'webhooks.secretFile',
  };
  const secret = (): Promise<string> => secretText({ file, variable }, purpose);
  // A secret that is not there is a mistake of whoever starts it, and should not wait for the first webhook.
  await secret();
  const targets = Object.entries(namespaces).map(([name, settings]) => targetOf(NamespaceName.parse(name), settings));
  const waking = calmWaking<NamespaceName>((name) => listener?.wake(name), clock);
  const server = await startWebhooks({
    host: webhooks.host,
    port: webhooks.port,
    named: { host: 'webhooks.host', port: 'webhooks.port' },
    secret,
    onChange: (event) => wakeFor(event, { targets, wake: listener && waking.wake, log }),
    log,
  });
  log.info('Listening for webhooks', { url: `${server.url}/webhook` });
  const close = async (): Promise<void> => {
    waking.stop();
    await server.close();
  };
  return { attend, [Symbol.asyncDispose]: close };
}

function targetOf(name: NamespaceName, { repository, branch, publication }: Namespace): WebhookTarget<NamespaceName> {
  const branchPrefix = publication.mode === 'proposed' ? publication.branchPrefix : null;
  return { name, repository, branch, branchPrefix };
}

interface Waking {
  readonly targets: readonly WebhookTarget<NamespaceName>[];
  /** Null: nobody works here now. */
  readonly wake: Wakeable['wake'] | null;
  readonly log: Log;
}

function wakeFor(event: ChangedEvent, { targets, wake, log }: Waking): boolean {
  const { known, names } = targetsOf(event, targets);
  if (!known) {
    const [repository] = event.addresses;
    log.debug('A webhook tells of a repository that no namespace has', {
      repository: repository === undefined ? event.fullName : normalRepository(repository),
    });
  }
  for (const name of names) wake?.(name);
  return wake !== null && names.length > 0;
}
