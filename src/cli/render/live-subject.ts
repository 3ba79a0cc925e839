/** A deployment of the control plane that the configuration names. */
import type { Desired } from '../../domain/desired.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { DeploymentId } from '../../domain/identifiers.ts';
import type { ControlPlane } from '../../ports.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { openLog } from '../log.ts';
import { wireListener } from '../wire.ts';
import type { RenderOptions } from './render-options.ts';
import { contextOf, type Subject, unknownNamespace } from './subject.ts';

export async function openLiveSubject(id: DeploymentId, options: RenderOptions): Promise<Subject> {
  const configuration = await loadConfiguration(options.config ?? 'towpath.yaml');
  const ports = await wireListener(configuration, {
    purpose: 'preview',
    log: openLog({ json: false, level: 'error' }),
  });
  try {
    const desired = await find(ports.controlPlane, id);
    if (desired?.kind !== 'present') throw notThere(id, desired);
    const { namespace } = desired;
    const parts = ports.namespaces.get(namespace);
    if (!parts) throw unknownNamespace(namespace, configuration);
    const context = contextOf({ configuration, namespace, parts, controlPlane: ports.controlPlane });
    return { context, desired, close: ports.close };
  } catch (error) {
    await ports.close();
    throw error;
  }
}

async function find(controlPlane: Pick<ControlPlane, 'desired'>, id: DeploymentId): Promise<Desired | undefined> {
  for (let after: string | null = null; ; ) {
    const page = await controlPlane.desired(after, 0, AbortSignal.timeout(60_000));
    const found = page.items.find((item) => item.deploymentId === id);
    if (found || !page.more) return found;
    after = page.cursor;
  }
}

function notThere(id: DeploymentId, desired: Desired | undefined): TowpathError {
  const why = desired ? 'it is being removed' : 'the control plane wants no such deployment of this listener';
  return new TowpathError('terminal', 'NoSuchDeployment', `Cannot render deployment ${id}: ${why}`);
}
