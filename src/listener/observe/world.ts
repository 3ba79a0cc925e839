/** What an observer works with: its ports, the branch as the lane last saw it, and what it remembers of each deployment. */
import type { Folder } from '../../core/folder.ts';
import type { Desired, Present } from '../../domain/desired.ts';
import type { CommitId, DeploymentId, ListenerId, RevisionId } from '../../domain/identifiers.ts';
import type { LiveObject } from '../../domain/live-object.ts';
import type { Cluster } from '../../ports.ts';
import type { Ancestry } from '../ancestry.ts';
import type { LaneContext } from '../context.ts';
import type { RepositoryView } from '../repository-view.ts';
import type { Prober } from './prober.ts';
import type { Refresher } from './refresher.ts';

export type ObserverContext = Omit<LaneContext, 'observer' | 'cluster'> & { readonly cluster: Cluster };

/** Of one revision; lost with the process, and then begun anew. */
export interface Watched {
  readonly revisionId: RevisionId;
  /** Or when this process first looked: a deadline does not run while nobody can see. */
  readonly committedAt: Date;
  /** When a workload was first seen with the revision's label. */
  syncedAt: Date | null;
  isHealthy: boolean;
  events: readonly LiveObject[];
  /** Milliseconds since 1970; events are not read again before. */
  eventsAgainAt: number;
  endedOperation: string | null;
  /** The last look could not tell: the lane must speak of the commit first, or look at the branch. */
  awaitsLane: boolean;
  /** Since when the cluster cannot be seen; null: it can. */
  blindSince: number | null;
  /** How long it could not be seen: no clock runs meanwhile. */
  blindMs: number;
}

export interface Gone {
  readonly folder: string;
  /** That took it out of git, where it is known. */
  readonly commit: CommitId | null;
  looks: number;
  /** Milliseconds since 1970: when it was last listed what is left. */
  lookedAt: number;
  /** Why the last look failed, so that it is said once. */
  failure: string | null;
}

interface Seen {
  readonly item: Desired;
  readonly folder: Folder | undefined;
}

export interface ObserverWorld {
  readonly context: ObserverContext;
  readonly ancestry: Ancestry;
  readonly refresher: Refresher;
  readonly prober: Prober;
  readonly began: Date;
  /** Everything in the cluster was listed once; before that, what is not seen may be there. */
  isListed: boolean;
  /** Why the cluster could not be seen when that was last asked. */
  trouble: string | null;
  /** Null until the lane has looked. */
  view: RepositoryView | null;
  /** Secrets that open pull requests refer to. */
  proposed: ReadonlySet<string>;
  /** Our own folders in it. */
  folders: ReadonlyMap<DeploymentId, Folder>;
  /** What an engine says of a folder that is gone still concerns its deployment. */
  readonly idsByFolder: Map<string, DeploymentId>;
  readonly watched: Map<DeploymentId, Watched>;
  /** As it was when it was last looked at: its folder, and what was wanted and said. */
  readonly seen: Map<DeploymentId, Seen>;
  readonly gone: Map<DeploymentId, Gone>;
}

function ownFolders(view: RepositoryView, listenerId: ListenerId): ReadonlyMap<DeploymentId, Folder> {
  return new Map(
    view.folders.flatMap((folder) =>
      folder.provenance?.listenerId === listenerId ? [[folder.provenance.deploymentId, folder] as const] : [],
    ),
  );
}

export function watchedFrom(revisionId: RevisionId, committedAt: Date): Watched {
  return {
    revisionId,
    committedAt,
    syncedAt: null,
    isHealthy: false,
    events: [],
    eventsAgainAt: 0,
    endedOperation: null,
    awaitsLane: false,
    blindSince: null,
    blindMs: 0,
  };
}

/** Why the cluster cannot be relied on at this moment; null: it can. `''`: it was not listed yet, which is no news. */
export function blindness({ context, isListed }: ObserverWorld): string | null {
  return context.cluster.trouble() ?? (isListed ? null : '');
}

/** Takes over what the lane saw. */
export function takeView(world: ObserverWorld, view: RepositoryView): void {
  world.view = view;
  world.folders = ownFolders(view, world.context.listenerId);
  world.idsByFolder.clear();
  for (const [id, { folder }] of world.gone) world.idsByFolder.set(folder, id);
  for (const [id, { path }] of world.folders) world.idsByFolder.set(path, id);
}

/** Of which git or the control plane tells otherwise since the last look, or where that look had to wait for the lane. */
export function changedSince(world: ObserverWorld): readonly DeploymentId[] {
  const { desired, namespace } = world.context;
  return desired.items(namespace).flatMap((item) => {
    const { deploymentId: id } = item;
    const seen = world.seen.get(id);
    const isSame = seen?.item === item && seen.folder === world.folders.get(id);
    return isSame && !world.watched.get(id)?.awaitsLane ? [] : [id];
  });
}

/** What a lane says of a commit that failed (a hold, a refusal) stands until the lane takes it back. */
export function isHeld({ revisionId, lastReport: last }: Present): boolean {
  return last?.revisionId === revisionId && last.stage === 'committed' && last.outcome === 'failed';
}

/** The branch, as it was last seen, does not have the folder: it is new, or was taken away. */
export function isGone({ view, gone }: ObserverWorld, folder: string): boolean {
  return view?.seen.has(folder) !== true || [...gone.values()].some((one) => one.folder === folder);
}

/** What nobody wants any more, or a person holds, needs no memory, and nobody need ask the engine about it. */
export function forgetUnwanted(world: ObserverWorld): void {
  const { desired } = world.context;
  for (const [id, { revisionId }] of world.watched) {
    const wanted = desired.find(id);
    if (wanted?.kind === 'present' && wanted.revisionId === revisionId && !isHeld(wanted)) continue;
    world.watched.delete(id);
    const folder = world.folders.get(id);
    if (folder && !world.gone.has(id)) world.refresher.seen(folder.path);
  }
  for (const [id, { folder }] of world.gone) {
    if (desired.find(id)?.kind === 'removed') continue;
    world.gone.delete(id);
    world.refresher.seen(folder);
  }
  for (const id of world.seen.keys()) if (desired.find(id) === undefined) world.seen.delete(id);
  world.prober.keep(new Set(world.watched.keys()));
}
