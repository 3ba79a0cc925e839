/** Looks at deployments side by side: one whose pods need explaining holds up nobody else, and none is looked at twice at once. */
import PQueue from 'p-queue';
import type { Desired } from '../../domain/desired.ts';
import type { DeploymentId } from '../../domain/identifiers.ts';
import type { Report } from '../../domain/report.ts';
import type { Agenda } from '../agenda.ts';
import { describe } from '../describe.ts';
import { observeDeployment, type Sight } from './deployment.ts';
import { observeRemoved } from './removal.ts';
import type { ObserverWorld } from './world.ts';

export interface Looks {
  look(id: DeploymentId): void;
  /** Resolves once nothing is under way any more. */
  rest(): Promise<void>;
}

interface LooksOptions {
  readonly world: ObserverWorld;
  readonly agenda: Agenda;
  readonly say: (reports: readonly Report[]) => void;
  readonly signal: AbortSignal;
  /** A pod waits for a Secret that is not there. */
  readonly onSecretLacking: () => void;
  /** Something is to be looked at again. */
  readonly onMarked: () => void;
}

/** Most need nothing but memory; the others ask the API server. */
const concurrency = 8;

export function createLooks(options: LooksOptions): Looks {
  const { world, agenda, signal, onMarked } = options;
  const queue = new PQueue({ concurrency });
  const underWay = new Set<DeploymentId>();
  const again = new Set<DeploymentId>();
  const lookAt = async (id: DeploymentId): Promise<void> => {
    const item = world.context.desired.find(id);
    if (item !== undefined && !signal.aborted && (await lookOnce(options, item)) === 'outdated') again.add(id);
    underWay.delete(id);
    if (!again.delete(id)) return;
    agenda.mark(id);
    onMarked();
  };
  return {
    look: (id) => {
      if (underWay.has(id)) {
        again.add(id);
        return;
      }
      underWay.add(id);
      void queue.add(() => lookAt(id));
    },
    rest: () => queue.onIdle(),
  };
}

/** Says nothing where something else was said, or wanted, meanwhile: a hold must not be overwritten by healthy pods. */
async function lookOnce(options: LooksOptions, item: Desired): Promise<'said' | 'outdated'> {
  const { world, agenda, say, onSecretLacking, onMarked } = options;
  world.seen.set(item.deploymentId, { item, folder: world.folders.get(item.deploymentId) });
  const { reports, lookAgainAt, lacksSecret } = await lookSafely(world, item);
  if (world.context.desired.find(item.deploymentId) !== item) return 'outdated';
  agenda.later(item.deploymentId, lookAgainAt);
  if (reports.length > 0) say(reports);
  if (lacksSecret) onSecretLacking();
  // What it planned, or wants of the engine, may be due before anything else.
  onMarked();
  return 'said';
}

async function lookSafely(world: ObserverWorld, item: Desired): Promise<Sight> {
  const { clock, timings, log, namespace } = world.context;
  try {
    return item.kind === 'present' ? await observeDeployment(world, item) : await observeRemoved(world, item);
  } catch (error) {
    log.warn('Cannot look at a deployment', { namespace, deployment: item.name, error: describe(error) });
    return { reports: [], lookAgainAt: clock.now().getTime() + timings.blindMs, lacksSecret: false };
  }
}
