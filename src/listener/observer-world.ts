/** What an observer works with: its ports, the branch as the lane last saw it, and what it remembers of each deployment. */
import type { Folder } from '../core/folder.ts';
import type { CommitId, DeploymentId, ListenerId, RevisionId } from '../domain/identifiers.ts';
import type { LiveObject } from '../domain/live-object.ts';
import type { Cluster } from '../ports.ts';
import type { Ancestry } from './ancestry.ts';
import type { LaneContext } from './context.ts';
import type { Refresher } from './refresher.ts';
import type { RepositoryView } from './repository-view.ts';

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
  /** What the server's own `/ok` said where that was not well; advisory. */
  probeNote: string;
  endedOperation: string | null;
}

export interface Gone {
  readonly folder: string;
  /** That took it out of git, where it is known. */
  readonly commit: CommitId | null;
  looks: number;
}

export interface ObserverWorld {
  readonly context: ObserverContext;
  readonly ancestry: Ancestry;
  readonly refresher: Refresher;
  readonly began: Date;
  /** Null until the lane has looked. */
  view: RepositoryView | null;
  /** Our own folders in it. */
  folders: ReadonlyMap<DeploymentId, Folder>;
  /** What an engine says of a folder that is gone still concerns its deployment. */
  readonly idsByFolder: Map<string, DeploymentId>;
  readonly watched: Map<DeploymentId, Watched>;
  readonly gone: Map<DeploymentId, Gone>;
}

export function ownFolders(view: RepositoryView, listenerId: ListenerId): ReadonlyMap<DeploymentId, Folder> {
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
    probeNote: '',
    endedOperation: null,
  };
}
