/** Step 3, plan: what each deployment of a namespace needs, from what is wanted and what git holds. */
import type { Namespace } from '../domain/configuration-namespace.ts';
import type { Desired, Present, Removed } from '../domain/desired.ts';
import type { CommitId, DeploymentId, ListenerId } from '../domain/identifiers.ts';
import { folderOf, resourceName, resourceNameOf } from '../domain/resource-name.ts';
import { type Folder, isEdited } from './folder.ts';
import { inputsDigest } from './inputs-digest.ts';
import {
  type Doubt,
  doubtOf,
  editedOf,
  type FindRemains,
  isOwn,
  type Remnant,
  remainsOn,
  type Traces,
} from './plan-removal.ts';

/** What a person did in git: changed files, went back to an older revision, or took the folder away. */
export type Drift = 'edited' | 'reverted' | 'removed';

interface OfPresent {
  readonly desired: Present;
  /** Where the folder belongs. */
  readonly path: string;
}

interface OfRemoved {
  readonly desired: Removed;
  readonly folder: Folder;
  /** Further folders whose PROVENANCE says the same: they go with it. */
  readonly copies: readonly Folder[];
}

/** What to do about one deployment; `folder` is what git holds now. */
export type Step =
  /** There already, from the very same inputs. */
  | (OfPresent & { readonly kind: 'keep'; readonly folder: Folder })
  | (OfPresent & { readonly kind: 'lay-down' })
  | (OfPresent & { readonly kind: 'update'; readonly folder: Folder })
  /** Same revision, other inputs (an upgrade, an edited route): left until its next revision. */
  | (OfPresent & { readonly kind: 'outdated'; readonly folder: Folder })
  | (OfPresent & { readonly kind: 'rerender'; readonly folder: Folder })
  /** A person changed it in git; `since` is our commit, and proof that it was there. */
  | (OfPresent & { readonly kind: 'hold'; readonly drift: Drift; readonly since: CommitId | null })
  | (OfPresent & { readonly kind: 'restore'; readonly drift: Drift; readonly folder: Folder | null })
  /** Nothing more is published for this revision. */
  | (OfPresent & { readonly kind: 'interrupted' })
  /** What is where ours belongs does not say that it is ours. */
  | (OfPresent & { readonly kind: 'foreign'; readonly doubt: Doubt; readonly since: CommitId | null })
  | (OfRemoved & { readonly kind: 'remove'; readonly remnants: readonly Remnant[] })
  | (OfRemoved & { readonly kind: 'remove-held'; readonly since: CommitId | null })
  /** Something is there that could be its folder, but is not ours to touch. */
  | (Remnant & { readonly kind: 'remove-foreign'; readonly desired: Removed; readonly since: CommitId | null })
  | { readonly kind: 'removed'; readonly desired: Removed };

export interface NamespacePlan {
  /** In the order in which the control plane told of them. */
  readonly steps: readonly Step[];
  /** Folders that bear our listener's id and that the control plane does not know. */
  readonly orphans: readonly string[];
}

export interface PlanInput {
  readonly listenerId: ListenerId;
  readonly settings: Pick<Namespace, 'layout' | 'rerender' | 'drift'>;
  /** Of `configurationDigest`. */
  readonly configuration: string;
  readonly desired: readonly Desired[];
  /** Whether `desired` is the whole listing; before that nobody can tell an orphan. */
  readonly complete: boolean;
  readonly folders: readonly Folder[];
  /** Absent: nothing is known but what PROVENANCE says. */
  readonly traces?: Traces;
  /** The branch does not exist yet and the repository is empty. */
  readonly emptyRepository: boolean;
  /** What the last plan kept: where neither side is another object, it is kept again without a second look. */
  readonly kept?: KeptSteps;
}

export type KeptSteps = ReadonlyMap<DeploymentId, Extract<Step, { kind: 'keep' }>>;

export function planNamespace(input: PlanInput): NamespacePlan {
  const byPath = new Map(input.folders.map((folder) => [folder.path, folder]));
  const ours = input.folders.filter((folder) => folder.provenance?.listenerId === input.listenerId);
  const byDeployment = new Map(ours.map((folder) => [folder.provenance?.deploymentId, folder]));
  const remains = once(() => remainsOn(input.folders, input.listenerId, input.traces ?? noTraces));
  const steps = input.desired.map((desired): Step => {
    if (desired.kind === 'removed') return planRemoved(input, desired, remains());
    const kept = input.kept?.get(desired.deploymentId);
    if (kept?.desired === desired && byPath.get(kept.folder.path) === kept.folder) return kept;
    const path = folderPath(desired, input.settings.layout);
    // Or, where a shard would be, a file of somebody's.
    const there = byPath.get(path) ?? byPath.get(path.slice(0, path.lastIndexOf('/')));
    const own = there && isOwn(there, input.listenerId, desired.deploymentId) ? there : undefined;
    // A folder that was laid down under another layout is still ours, and moves with the next commit.
    const folder = own ?? byDeployment.get(desired.deploymentId);
    if (!folder && there) return planForeign(desired, path, there);
    // It cannot move onto somebody else's.
    return planPresent(input, { desired, path: folder && there && !own ? folder.path : path }, folder);
  });
  return { steps, orphans: input.complete ? orphansOf(ours, input.desired) : [] };
}

/** For the next plan, whose listener, settings and configuration must be the same. */
export function keptSteps({ steps }: NamespacePlan): KeptSteps {
  return new Map(steps.flatMap((step) => (step.kind === 'keep' ? [[step.desired.deploymentId, step] as const] : [])));
}

export function folderPath(desired: Desired, layout: Namespace['layout']): string {
  return folderOf(layout, resourceName(desired.name, desired.deploymentId), desired.deploymentId);
}

const noTraces: Traces = { labels: new Map(), has: () => false };

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function planForeign(desired: Present, path: string, there: Folder): Step {
  const doubt = doubtOf(there, desired.deploymentId, resourceNameOf(there.path));
  return { kind: 'foreign', desired, path, doubt, since: desired.lastReport?.commit ?? null };
}

/** Gone means gone from git too: an engine still applies what lies in a folder that we may not touch. */
function planRemoved(input: PlanInput, desired: Removed, remainsOf: FindRemains): Step {
  const { own, remnants } = remainsOf(desired, folderPath(desired, input.settings.layout));
  const [remnant] = remnants;
  const since = desired.lastReport?.commit ?? null;
  const edited = input.settings.drift === 'hold' ? editedOf(own) : undefined;
  const folder = edited ?? own[0];
  if (!folder) return remnant ? { kind: 'remove-foreign', desired, ...remnant, since } : { kind: 'removed', desired };
  const copies = own.filter((each) => each !== folder);
  if (edited) return { kind: 'remove-held', desired, folder, copies, since };
  return { kind: 'remove', desired, folder, copies, remnants };
}

function planPresent(input: PlanInput, wanted: OfPresent, folder: Folder | undefined): Step {
  const { desired } = wanted;
  const drift = driftOf(desired, folder, input.emptyRepository);
  if (desired.interrupted && (drift !== null || folder?.provenance?.revisionId !== desired.revisionId)) {
    return { kind: 'interrupted', ...wanted };
  }
  if (drift !== null && input.settings.drift === 'hold') {
    return {
      kind: 'hold',
      ...wanted,
      path: folder?.path ?? wanted.path,
      drift,
      since: desired.lastReport?.commit ?? null,
    };
  }
  if (drift !== null) return { kind: 'restore', ...wanted, drift, folder: folder ?? null };
  if (!folder) return { kind: 'lay-down', ...wanted };
  if (folder.provenance?.revisionId !== desired.revisionId) return { kind: 'update', ...wanted, folder };
  return planUnchanged(input, wanted, folder);
}

function planUnchanged(input: PlanInput, wanted: OfPresent, folder: Folder): Step {
  const wantedInputs = inputsDigest(input.configuration, wanted.desired.revisionId);
  if (folder.provenance?.inputsDigest === wantedInputs) return { kind: 'keep', ...wanted, folder };
  const now = input.settings.rerender === 'now' && !wanted.desired.interrupted;
  return { kind: now ? 'rerender' : 'outdated', ...wanted, folder };
}

/** On positive evidence only: a new revision, or one that we never said was committed, is no drift. */
function driftOf(desired: Present, folder: Folder | undefined, emptyRepository: boolean): Drift | null {
  if (folder?.provenance?.revisionId === desired.revisionId) return isEdited(folder) ? 'edited' : null;
  const wasCommitted = desired.lastReport?.revisionId === desired.revisionId && desired.lastReport.commit !== null;
  if (!wasCommitted || emptyRepository) return null;
  return folder ? 'reverted' : 'removed';
}

function orphansOf(ours: readonly Folder[], desired: readonly Desired[]): readonly string[] {
  const known = new Set(desired.map((item) => item.deploymentId));
  return ours
    .filter((folder) => folder.provenance && !known.has(folder.provenance.deploymentId))
    .map(({ path }) => path);
}

export type WritingStep = Extract<Step, { kind: 'lay-down' | 'update' | 'rerender' | 'restore' }>;

export type RemovingStep = Extract<Step, { kind: 'remove' }>;

export function isWriting(step: Step): step is WritingStep {
  return step.kind === 'lay-down' || step.kind === 'update' || step.kind === 'rerender' || step.kind === 'restore';
}
