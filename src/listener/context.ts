/** What a lane works with: its ports, its settings and the little that it remembers between passes. */

import type { Folder } from '../core/folder.ts';
import type { KeptSteps } from '../core/plan.ts';
import type { SecretKey } from '../core/secrets/secret-names.ts';
import type { RenderInput } from '../core/template/set.ts';
import type { AgentServer } from '../domain/configuration-agent-server.ts';
import type { Namespace } from '../domain/configuration-namespace.ts';
import type { Finding } from '../domain/finding.ts';
import type { CommitId, DeploymentId, ListenerId, NamespaceName, RevisionId } from '../domain/identifiers.ts';
import type { EngineKind } from '../domain/live-object.ts';
import type { PullRequest, PullRequestTemplates } from '../domain/pull-request.ts';
import type { Specification } from '../domain/specification.ts';
import type {
  Branches,
  Clock,
  Cluster,
  ControlPlane,
  Forge,
  Log,
  Repository,
  SecretSealer,
  Telemetry,
} from '../ports.ts';
import type { DesiredState } from './desired-state.ts';
import type { Leadership } from './leader/leadership.ts';
import type { Observer } from './observe/observer-port.ts';
import type { RepositoryView } from './repository-view.ts';
import type { Timings } from './timings.ts';

export type Rendering =
  | {
      readonly kind: 'rendered';
      /** By path from the deployment's folder. */
      readonly files: ReadonlyMap<string, string>;
      /** Where the agent answers, once there is a route. */
      readonly url: string | null;
    }
  /** What the template, the schemas and the policy found, all at once. */
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

/** Steps 4 and 5, render and validate, with one template set and one namespace's policy. */
export interface Renderer {
  /** `<name>@sha256:<64 hex>`. */
  readonly template: string;
  /** `sensitive` are values by name that must not come out; finding one refuses the whole. */
  render(input: RenderInput, sensitive: Readonly<Record<string, string>>): Rendering;
  /** Schema, names and labels of the sealed files, by path from the folder; kept ones among them. */
  checkSealed(input: RenderInput, files: ReadonlyMap<string, string>): readonly Finding[];
}

/** Where changes are proposed as pull requests. */
export interface Review {
  readonly forge: Forge;
  readonly branches: Branches;
  /** By the templates of the configuration, or Towpath's own. */
  readonly words: PullRequestTemplates;
}

/** The outside of one namespace. */
export interface NamespaceParts {
  readonly repository: Repository;
  /** Null with publication `direct`. */
  readonly review: Review | null;
  readonly sealer: SecretSealer;
  readonly renderer: Renderer;
  /** Null where none is configured: what needs Secrets is then refused. */
  readonly secretKey: SecretKey | null;
  /** Null: nothing watches a cluster (engine none), and a revision counts as deployed once it is pushed. */
  readonly engine: EngineKind | null;
  /** Null without an engine, and in a preview, which watches nothing. */
  readonly cluster: Cluster | null;
}

export interface LaneContext extends NamespaceParts {
  readonly namespace: NamespaceName;
  readonly listenerId: ListenerId;
  readonly settings: Namespace;
  readonly agentServer: AgentServer;
  readonly committer: { readonly name: string; readonly email: string };
  readonly towpathVersion: string;
  /** Where the control plane answers; links in pull requests begin with it. */
  readonly controlPlaneUrl: string;
  /** Of `configurationDigest`. */
  readonly configuration: string;
  readonly controlPlane: Pick<ControlPlane, 'specification' | 'secrets'>;
  readonly desired: DesiredState;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Whether this process still is the one that may write; asked right before each write. */
  readonly leadership: Pick<Leadership, 'isHeld'>;
  readonly timings: Timings;
  /** Null where nothing watches a cluster, and in a preview. */
  readonly observer: Pick<
    Observer,
    'looking' | 'branch' | 'proposed' | 'looked' | 'committed' | 'gone' | 'remains'
  > | null;
}

/** A revision that is rendered and found good, waiting for its push. */
export interface Prepared {
  readonly revisionId: RevisionId;
  readonly inputsDigest: string;
  readonly specification: Specification;
  readonly files: ReadonlyMap<string, string>;
  readonly secretName: string | null;
  readonly keyId: string | null;
  readonly notes: readonly string[];
  readonly url: string | null;
  /** Values that must stand in no text that leaves, by the name under which a message may speak of them. */
  readonly sensitive: Readonly<Record<string, string>>;
  /** `Folder.content` of what it was made beside: sealed files of there are kept. Null: of nothing. */
  readonly beside: string | null;
}

/** Why a deployment is passed over for now. */
export interface Setback {
  /** Null: of its removal. */
  readonly revisionId: RevisionId | null;
  readonly attempts: number;
  /** Milliseconds since 1970; null waits for another revision. */
  readonly retryAt: number | null;
  readonly message: string;
}

/** Everything here can be lost: a fresh start finds it again in git and in the control plane. */
export interface LaneMemory {
  /** When the last pass began, by the clock of then. */
  clockAt: number;
  view: RepositoryView | null;
  /** When the server itself said, or took from us, that the view's head is its own; null after any doubt. */
  headKnownAt: number | null;
  /** The newest commit that this process pushed; heads must descend from it. */
  pushed: CommitId | null;
  /** Version of the desired state that the last pass settled; null while something is left to do. */
  settledVersion: number | null;
  /** Of the last plan. */
  kept: KeptSteps;
  readonly prepared: Map<DeploymentId, Prepared>;
  /** Under way; one that takes long is waited for by the next pass, too. */
  readonly preparing: Map<DeploymentId, { readonly revisionId: RevisionId; readonly result: Promise<Prepared> }>;
  readonly setbacks: Map<DeploymentId, Setback>;
  /** Whose labels the manifests of a folder without a readable PROVENANCE bear. */
  readonly labels: WeakMap<Folder, Set<string>>;
  /** When a revision was first seen wanted, until it is pushed. */
  readonly wantedSince: Map<DeploymentId, { readonly revisionId: RevisionId; readonly at: Date }>;
  removalsHeld: boolean;
  /** Removals of which it was said that the whole repository stops them. */
  readonly stuckRemovals: Set<DeploymentId>;
  /** When pushes went out within the last minute. */
  readonly pushes: number[];
  readonly review: ReviewMemory;
}

/** What is remembered of branches and pull requests; a fresh start reads it again. */
interface ReviewMemory {
  /** Of the last look; equal ones mean that nothing moved. Null: there was none. */
  fingerprint: string | null;
  open: readonly PullRequest[] | null;
  /** Closed and merged ones by branch, newest first. */
  readonly closed: Map<string, readonly PullRequest[]>;
  /** Numbers that were looked up for a last report. */
  readonly asked: Set<number>;
  /** Missing from the list of the open ones though nobody closed them: since when, in milliseconds since 1970. */
  readonly missing: Map<number, number>;
  /** Merged, says the forge, though the base did not hold it: how often it was looked again, and since when. */
  readonly mergedLooks: Map<number, { readonly looks: number; readonly since: number }>;
  /** Branches whose pull request may not be open yet, or lack labels, reviewers or auto-merge; and how often it was refused. */
  readonly unfinished: Map<string, number>;
  /** How many of those that wait were asked about their approval, in this round. */
  askedApprovals: number;
  /** Whether those were read that were closed longer ago than a start reads. */
  sawLongAgo: boolean;
  /** Set by a pass that wants another one at the next look, though nothing may have moved. */
  lookAgain: boolean;
  /** Who closed a pull request, by its number. */
  readonly closers: Map<number, string | null>;
  /** What the log said last of a branch, so that it says it once. */
  readonly logged: Map<string, string>;
  /** When an open one last changed, by its number; milliseconds since 1970. */
  readonly changedAt: Map<number, number>;
  /** Nothing is asked of the forge that counts before this; milliseconds since 1970. */
  retryAt: number | null;
  /** What was pushed before this process began is opened from here on; 0: at once; null: there was no look yet. */
  opensFrom: number | null;
}

export function emptyMemory(): LaneMemory {
  return {
    clockAt: 0,
    view: null,
    headKnownAt: null,
    pushed: null,
    settledVersion: null,
    kept: new Map(),
    prepared: new Map(),
    preparing: new Map(),
    setbacks: new Map(),
    labels: new WeakMap(),
    wantedSince: new Map(),
    removalsHeld: false,
    stuckRemovals: new Set(),
    pushes: [],
    review: {
      fingerprint: null,
      open: null,
      closed: new Map(),
      asked: new Set(),
      missing: new Map(),
      mergedLooks: new Map(),
      unfinished: new Map(),
      askedApprovals: 0,
      sawLongAgo: false,
      lookAgain: false,
      closers: new Map(),
      logged: new Map(),
      changedAt: new Map(),
      retryAt: null,
      opensFrom: null,
    },
  };
}
