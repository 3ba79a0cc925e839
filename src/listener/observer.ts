/** Step 9, observe: follows each committed revision through the cluster, and each removal to its end. */
import type { Desired, Present, Removed } from '../domain/desired.ts';
import type { CommitId, DeploymentId } from '../domain/identifiers.ts';
import type { ClusterChange } from '../domain/live-object.ts';
import type { Report } from '../domain/report.ts';
import { type Agenda, createAgenda } from './agenda.ts';
import { createAncestry } from './ancestry.ts';
import { describe } from './decide.ts';
import { observeDeployment, type Sight } from './observe-deployment.ts';
import { observeRemoved } from './observe-removal.ts';
import { type ObserverContext, type ObserverWorld, ownFolders, watchedFrom } from './observer-world.ts';
import { createRefresher } from './refresher.ts';
import type { RepositoryView } from './repository-view.ts';
import { keepSecrets } from './secret-keeper.ts';
import { createWaker, type Waker } from './waker.ts';

export interface Observer {
  /** The lane has looked at the branch, or changed it. */
  branch(view: RepositoryView): void;
  /** The lane has pushed this revision, or found it in git though nobody had said so. */
  committed(desired: Present, folder: string, at: Date): void;
  /** The lane has asked for the head, whether it moved or not. */
  looked(): void;
  /** Nothing of the deployment is in git any more. */
  gone(desired: Removed, folder: string, commit: CommitId | null): void;
  /** Resolves once it has come to rest after its signal was aborted. */
  readonly done: Promise<void>;
}

export interface ObserverOptions {
  readonly context: ObserverContext;
  readonly say: (reports: readonly Report[]) => void;
  /** The engine speaks of a commit that was not seen here: the lane should look at the branch. */
  readonly lookAtBranch: () => void;
  readonly signal: AbortSignal;
}

interface Running extends ObserverOptions {
  readonly world: ObserverWorld;
  readonly agenda: Agenda;
  readonly waker: Waker;
}

export function startObserver(options: ObserverOptions): Observer {
  const { context, signal } = options;
  const agenda = createAgenda();
  const waker = createWaker(context.clock, signal);
  const world = newWorld(options);
  const now = (): number => context.clock.now().getTime();
  const markAndWake = (id: DeploymentId): void => {
    agenda.mark(id);
    waker.wake();
  };
  const done = run({ ...options, world, agenda, waker });
  return {
    branch: (view) => {
      if (view === world.view) return;
      if (world.view === null) agenda.markAll();
      world.view = view;
      world.folders = ownFolders(view, context.listenerId);
      for (const [id, { path }] of world.folders) world.idsByFolder.set(path, id);
      waker.wake();
    },
    committed: ({ deploymentId, revisionId }, folder, at) => {
      world.watched.set(deploymentId, watchedFrom(revisionId, at));
      world.idsByFolder.set(folder, deploymentId);
      world.refresher.want(folder, now());
      markAndWake(deploymentId);
    },
    looked: () => {
      world.ancestry.looked();
      for (const [id, { isHealthy }] of world.watched) if (!isHealthy) agenda.mark(id);
      waker.wake();
    },
    gone: ({ deploymentId }, folder, commit) => {
      if (world.gone.has(deploymentId)) return;
      world.gone.set(deploymentId, { folder, commit, looks: 0 });
      world.idsByFolder.set(folder, deploymentId);
      world.refresher.want(folder, now());
      markAndWake(deploymentId);
    },
    done,
  };
}

function newWorld({ context, lookAtBranch }: ObserverOptions): ObserverWorld {
  const { cluster, clock, timings, log } = context;
  return {
    context,
    ancestry: createAncestry(lookAtBranch),
    refresher: createRefresher(cluster, timings, log),
    began: clock.now(),
    view: null,
    folders: new Map(),
    idsByFolder: new Map(),
    watched: new Map(),
    gone: new Map(),
  };
}

/** Nothing happens, and nothing is planned: even then it looks now and then. */
const idleMs = 3_600_000;

async function run(running: Running): Promise<void> {
  const { context, signal, waker, agenda } = running;
  const listing = context.cluster
    .start((change) => noteChange(running, change), signal)
    .then(() => {
      agenda.markAll();
      waker.wake();
    });
  const secretsDue = createSecretsDue(running);
  while (!signal.aborted) {
    await waker.wait(untilNext(running));
    // What changes together is looked at together.
    await waker.pause(context.timings.observeGapMs);
    if (signal.aborted) break;
    const lacksSecret = await lookAround(running);
    if (secretsDue(lacksSecret)) await lookAfterSecrets(running.world);
  }
  await listing.catch(() => undefined);
}

function untilNext({ context, agenda, world }: Running): number {
  const times = [agenda.next(), world.refresher.next()].filter((time) => time !== null);
  return Math.max(0, Math.min(idleMs, ...times.map((time) => time - context.clock.now().getTime())));
}

function noteChange({ agenda, waker, world }: Running, change: ClusterChange): void {
  switch (change.kind) {
    case 'deployment':
      agenda.mark(change.deploymentId);
      break;
    case 'folder': {
      const id = world.idsByFolder.get(change.path);
      if (id === undefined) return;
      agenda.mark(id);
      break;
    }
    case 'all':
      agenda.markAll();
      break;
    default:
      change satisfies never;
  }
  waker.wake();
}

/** Answers whether a pod waits for a Secret that is not there. */
async function lookAround({ context, world, agenda, say }: Running): Promise<boolean> {
  const { clock, desired, namespace, log } = context;
  const all = (): readonly DeploymentId[] => desired.items(namespace).map((item) => item.deploymentId);
  const due = agenda.take(clock.now().getTime(), all).flatMap((id) => desired.find(id) ?? []);
  await followBranch(world, due);
  const reports: Report[] = [];
  let lacksSecret = false;
  for (const item of due) {
    const sight = await look(world, item).catch((error: unknown): Sight => {
      log.warn('Cannot look at a deployment', { namespace, deployment: item.name, error: describe(error) });
      return { reports: [], lookAgainAt: clock.now().getTime() + context.timings.blindMs, lacksSecret: false };
    });
    reports.push(...sight.reports);
    lacksSecret ||= sight.lacksSecret;
    agenda.later(item.deploymentId, sight.lookAgainAt);
  }
  if (reports.length > 0) say(reports);
  await world.refresher.flush(clock.now().getTime());
  return lacksSecret;
}

function look(world: ObserverWorld, item: Desired): Promise<Sight> {
  return item.kind === 'present' ? observeDeployment(world, item) : observeRemoved(world, item);
}

/** So that it can be told whether what an engine speaks of holds our commits. */
async function followBranch({ context, view, ancestry }: ObserverWorld, due: readonly Desired[]): Promise<void> {
  if (view === null || due.length === 0) return;
  const waiting = due.flatMap(({ lastReport: last }) =>
    last?.commit && last.outcome !== 'succeeded' ? [last.commit] : [],
  );
  await ancestry.advance(context.repository, view.snapshot, waiting).catch((error: unknown) => {
    context.log.debug('Cannot follow the branch', { namespace: context.namespace, error: describe(error) });
  });
}

/** Now and then; soon where a pod waits for one; never before it is known what is wanted. */
function createSecretsDue({ context, world }: Running): (lacksSecret: boolean) => boolean {
  const { clock, timings, desired, settings } = context;
  let last = Number.NEGATIVE_INFINITY;
  return (lacksSecret) => {
    const now = clock.now().getTime();
    const pause = lacksSecret ? timings.blindMs : timings.fullComparisonMs;
    const isDue = settings.secrets.mode === 'cluster' && world.view !== null && desired.complete && now - last >= pause;
    if (isDue) last = now;
    return isDue;
  };
}

async function lookAfterSecrets(world: ObserverWorld): Promise<void> {
  const { namespace, log } = world.context;
  await keepSecrets(world).catch((error: unknown) => {
    log.warn('Cannot look after the Secrets', { namespace, error: describe(error) });
  });
}
