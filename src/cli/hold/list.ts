/** Runs `towpath hold list`: reads each namespace by itself, and prints what waits there. */

import type { Configuration } from '../../domain/configuration.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { ListenerPorts } from '../../listener/listener.ts';
import { lookAround } from '../../listener/operate.ts';
import { listHolds } from '../../listener/operate-holds.ts';
import type { HoldListOptions } from '../commands/hold.ts';
import { configurationOf, namespacesOf, wired } from '../operating/configured.ts';
import { version } from '../version.ts';
import { holdsJson, holdsText, type NamespaceHolds } from './holds-text.ts';

/** 0, however much waits; 1 where a namespace could not be read. */
export async function holdList(options: HoldListOptions): Promise<number> {
  const configuration = await configurationOf(options);
  return wired(configuration, 'preview', async (ports) => {
    const all = await Promise.all(namespacesOf(configuration).map((name) => holdsIn(ports, configuration, name)));
    process.stdout.write(options.json ? `${JSON.stringify(holdsJson(all), null, 2)}\n` : holdsText(all, new Date()));
    return all.some(({ failure }) => failure !== null) ? 1 : 0;
  });
}

async function holdsIn(
  ports: ListenerPorts,
  configuration: Configuration,
  namespace: NamespaceName,
): Promise<NamespaceHolds> {
  const repository = ports.namespaces.get(namespace)?.repository;
  const where = { namespace, repository: repository?.url ?? '', branch: repository?.branch ?? '' };
  const operator = { name: 'nobody', email: 'nobody@towpath.invalid' };
  try {
    const look = await lookAround({ ports, configuration, namespace, operator, towpathVersion: version() });
    return { ...where, ...(await listHolds(look)), failure: null };
  } catch (error) {
    const failure =
      asTowpathError(error) ??
      new TowpathError('transient', 'Unexpected', `Cannot read namespace ${namespace}: ${String(error)}`, {
        cause: error,
      });
    return { ...where, head: null, holds: [], failure };
  }
}
