/** A listener with a cluster: control plane, branch, API server and engine stay while the listener comes and goes. */
import { clusterSecretSealer } from '../../src/adapters/secret-sealer/cluster.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import type { EngineKind } from '../../src/domain/live-object.ts';
import type { RemovalReport, RevisionReport } from '../../src/domain/report.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import type { RunningListener } from '../../src/listener/listener.ts';
import type { Repository } from '../../src/ports.ts';
import { type ListenerSetup, listen, teamA } from './listener-world.ts';
import { type MemoryCluster, memoryCluster } from './memory-cluster.ts';
import { type MemoryEngine, memoryEngine } from './memory-engine.ts';
import { type MemoryKubernetes, memoryKubernetes } from './memory-kubernetes.ts';
import { type MemoryLog, memoryLog } from './memory-log.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from './memory-repository.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from './scripted-control-plane.ts';
import { until } from './until.ts';

export interface ClusterWorld {
  readonly plane: ScriptedControlPlane;
  readonly remote: MemoryRemote;
  readonly kubernetes: MemoryKubernetes;
  readonly engine: MemoryEngine;
  readonly log: MemoryLog;
  /** As the running listener sees it. */
  cluster: MemoryCluster;
  running: RunningListener | null;
  start(more?: Partial<ListenerSetup>): void;
  /** `prepare` is handed the cluster before the listener sees it. */
  restart(more?: Partial<ListenerSetup>, prepare?: (cluster: MemoryCluster) => void): Promise<void>;
  /** Lets the lane look at the branch. */
  look(): void;
  /** Name of the deployment's folder and workload. */
  nameOf(id: DeploymentId): string;
  /** `healthy succeeded Healthy`, one line a report about any revision of it, as the control plane took them. */
  told(id: DeploymentId): readonly string[];
  last(id: DeploymentId): RevisionReport | undefined;
  removals(id: DeploymentId): readonly RemovalReport[];
  /** Waits until the last word about the current revision is this one: `healthy succeeded`. */
  hear(id: DeploymentId, words: string): Promise<RevisionReport>;
  /** Waits until the listener has looked at everything once more and has come to rest. */
  rest(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterWorldOptions {
  readonly engine?: EngineKind;
  readonly setup?: Partial<ListenerSetup>;
  /** Wraps the branch's memory. */
  readonly repository?: (inner: Repository) => Repository;
}

const repositoryUrl = 'memory://repository';

export async function clusterWorld(options: ClusterWorldOptions = {}): Promise<ClusterWorld> {
  const { engine: kind = 'argo-cd', setup = {}, repository = (inner) => inner } = options;
  const plane = await startScriptedControlPlane();
  const [remote, kubernetes, log] = [memoryRemote(), memoryKubernetes(), memoryLog()];
  const place = { kubernetes, engine: kind, namespace: teamA, engineNamespace: 'engine', repositoryUrl };
  const newCluster = (): MemoryCluster => memoryCluster({ ...place, listenerId: plane.listenerId });
  const world: ClusterWorld = {
    ...{ plane, remote, kubernetes, log },
    engine: memoryEngine({ ...place, remote }),
    cluster: newCluster(),
    running: null,
    start: (more = {}) => {
      const { cluster } = world;
      const parts = { engine: kind, cluster, sealer: clusterSecretSealer(cluster), ...setup.parts, ...more.parts };
      const own = { plane, log, repository: repository(memoryRepository(remote)) };
      world.running = listen({ ...own, ...setup, ...more, parts });
    },
    restart: async (more = {}, prepare = () => undefined) => {
      await world.running?.stop();
      world.cluster = newCluster();
      prepare(world.cluster);
      world.start(more);
    },
    look: () => world.running?.wake(),
    nameOf: (id) => {
      const { name } = plane.wanted().get(id) ?? { name: '' };
      return resourceName(name as never, id);
    },
    told: (id) => reportsOf(plane, id).map(wordsOf),
    last: (id) => plane.lastReport(id),
    removals: (id) => plane.reports.flatMap((one) => (one.kind === 'removal' && one.deploymentId === id ? [one] : [])),
    hear: async (id, words) => {
      try {
        return await until(words, () => {
          const last = plane.lastReport(id);
          return last !== undefined && wordsOf(last).startsWith(words) && last;
        });
      } catch (error) {
        throw new Error(`Never heard "${words}", but ${JSON.stringify(world.told(id))}`, { cause: error });
      }
    },
    rest: () => rest(world),
    stop: async () => {
      await world.running?.stop();
      world.engine.end();
      await plane.stop();
    },
  };
  return world;
}

function reportsOf(plane: ScriptedControlPlane, id: DeploymentId): readonly RevisionReport[] {
  return plane.reports.flatMap((one) => (one.kind === 'revision' && one.deploymentId === id ? [one] : []));
}

function wordsOf({ stage, outcome, reason }: RevisionReport): string {
  return `${stage} ${outcome} ${reason}`;
}

/** Nothing new is said though everything is looked at again: that can only be waited for, and a miss makes no test fail. */
async function rest(world: ClusterWorld): Promise<void> {
  const { plane, remote } = world;
  const heads = remote.requests.head;
  world.look();
  await until('another look at the branch', () => remote.requests.head > heads);
  let before = -1;
  for (let quiet = 0; quiet < 3; ) {
    before = plane.reports.length;
    touchAll(world);
    await new Promise((done) => setTimeout(done, 30));
    quiet = plane.reports.length === before ? quiet + 1 : 0;
  }
}

function touchAll({ kubernetes }: ClusterWorld): void {
  const mark = String(kubernetes.all().reduce((sum, { metadata }) => sum + Number(metadata.resourceVersion), 0));
  for (const object of kubernetes.all()) {
    if (object.kind === 'Deployment') kubernetes.patch(object, { metadata: { annotations: { touched: mark } } });
  }
}
