/** Step 9, observe: follows each committed revision through the cluster, and each removal to its end. */
import type { Desired } from '../../domain/desired.ts';
import type { CommitId, DeploymentId } from '../../domain/identifiers.ts';
import type { ClusterChange } from '../../domain/live-object.ts';
import type { Report } from '../../domain/report.ts';
import { type Agenda, createAgenda } from '../agenda.ts';
import { createAncestry } from '../ancestry.ts';
import { describe } from '../describe.ts';
import { changedFolders } from '../repository-view.ts';
import { createSecretRounds, type SecretRounds } from '../secrets/rounds.ts';
import { createWaker, type Waker } from '../waker.ts';
import { createLooks, type Looks } from './looks.ts';
import type { Observer } from './observer-port.ts';
import { createProber } from './prober.ts';
import { createRefresher } from './refresher.ts';
import {
  changedSince,
  forgetUnwanted,
  isGone,
  type ObserverContext,
  type ObserverWorld,
  takeView,
  watchedFrom,
} from './world.ts';

interface ObserverOptions {
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
  readonly looks: Looks;
  readonly secrets: SecretRounds;
}

export function startObserver(options: ObserverOptions): Observer {
  const { context, signal } = options;
  const agenda = createAgenda();
  const waker = createWaker(context.clock, signal);
  const markAndWake = (id: DeploymentId): void => {
    agenda.mark(id);
    waker.wake();
  };
  const world = newWorld(options, waker, markAndWake);
  const secrets = createSecretRounds(world, signal, waker.wake);
  const looks = createLooks({ ...options, world, agenda, onSecretLacking: secrets.hurry, onMarked: waker.wake });
  const now = (): number => context.clock.now().getTime();
  const done = run({ ...options, world, agenda, waker, looks, secrets });
  return {
    looking: world.ancestry.looking,
    branch: (view) => {
      if (view === world.view) return;
      if (world.view === null) agenda.markAll();
      // A revert or a merge by hand: not every engine has a webhook.
      for (const folder of changedFolders(world.view, view)) world.refresher.nudge(folder, now());
      takeView(world, view);
      waker.wake();
    },
    proposed: (secrets) => {
      world.proposed = secrets;
    },
    committed: ({ deploymentId, revisionId }, folder, at) => {
      world.watched.set(deploymentId, watchedFrom(revisionId, at));
      world.prober.forget(deploymentId);
      world.idsByFolder.set(folder, deploymentId);
      world.refresher.ask(folder, now());
      markAndWake(deploymentId);
    },
    looked: () => {
      world.ancestry.looked();
      forgetUnwanted(world);
      for (const id of changedSince(world)) agenda.mark(id);
      waker.wake();
    },
    gone: ({ deploymentId }, folder, commit) => {
      if (noteGone(world, deploymentId, folder, commit)) markAndWake(deploymentId);
    },
    remains: ({ deploymentId }) => void world.gone.delete(deploymentId),
    done,
  };
}

/** False where that is known already. */
function noteGone(world: ObserverWorld, id: DeploymentId, folder: string, commit: CommitId | null): boolean {
  const known = world.gone.get(id);
  if (known && (commit === null || known.commit === commit)) return false;
  world.gone.set(id, { folder, commit, looks: 0, lookedAt: 0, failure: null });
  world.idsByFolder.set(folder, id);
  world.refresher.ask(folder, world.context.clock.now().getTime());
  return true;
}

function newWorld(
  { context, lookAtBranch, signal }: ObserverOptions,
  waker: Waker,
  onProbed: (id: DeploymentId) => void,
): ObserverWorld {
  const { cluster, clock, timings, log } = context;
  const world: ObserverWorld = {
    context,
    ancestry: createAncestry(lookAtBranch),
    refresher: createRefresher(cluster, timings, log, {
      onFlushed: waker.wake,
      isGone: (folder) => isGone(world, folder),
    }),
    prober: createProber({ cluster, clock, timings, signal, onNews: onProbed }),
    began: clock.now(),
    isListed: false,
    trouble: null,
    view: null,
    proposed: new Set(),
    folders: new Map(),
    idsByFolder: new Map(),
    watched: new Map(),
    seen: new Map(),
    gone: new Map(),
  };
  return world;
}

async function run(running: Running): Promise<void> {
  const { context, signal, waker, world, looks, secrets } = running;
  const listing = startListing(running);
  while (!signal.aborted) {
    await waker.wait(untilNext(running));
    // What changes together is looked at together.
    await waker.pause(context.timings.observeGapMs);
    if (signal.aborted) break;
    noteTrouble(running);
    // Nobody waits for an engine, and none for another deployment's pods.
    void world.refresher.flush(context.clock.now().getTime());
    await lookAround(running);
    secrets.keep();
  }
  await Promise.allSettled([listing, looks.rest(), secrets.rest()]);
}

async function startListing(running: Running): Promise<void> {
  const { context, world, signal, agenda, waker } = running;
  await context.cluster.start((change) => noteChange(running, change), signal);
  world.isListed = true;
  agenda.markAll();
  waker.wake();
}

/** Whether the cluster can be seen concerns all, and nobody tells of it. */
function noteTrouble({ world, agenda }: Running): void {
  const trouble = world.context.cluster.trouble();
  if (trouble !== world.trouble) agenda.markAll();
  world.trouble = trouble;
}

/** Even where nothing happens it is asked now and then whether the cluster can be seen. */
function untilNext({ context, agenda, world, secrets }: Running): number {
  const times = [agenda.next(), world.refresher.next(), secrets.next()].filter((time) => time !== null);
  return Math.max(0, Math.min(context.timings.blindMs, ...times.map((time) => time - context.clock.now().getTime())));
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

async function lookAround({ context, world, agenda, looks }: Running): Promise<void> {
  const { clock, desired, namespace } = context;
  const all = (): readonly DeploymentId[] => desired.items(namespace).map((item) => item.deploymentId);
  const due = agenda.take(clock.now().getTime(), all).flatMap((id) => desired.find(id) ?? []);
  await followBranch(world, due);
  for (const item of due) looks.look(item.deploymentId);
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
