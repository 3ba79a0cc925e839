/** Step 3, plan: what each deployment of a namespace needs, from what is wanted and what git holds. */
import type { Namespace } from '../domain/configuration.ts';
import type { Desired, Present, Removed } from '../domain/desired.ts';
import type { CommitId, DeploymentId, ListenerId } from '../domain/identifiers.ts';
import { folderOf, resourceName } from '../domain/resource-name.ts';
import { type Folder, isEdited } from './folder.ts';
import { inputsDigest } from './inputs-digest.ts';

/** What a person did in git: changed files, went back to an older revision, or took the folder away. */
export type Drift = 'edited' | 'reverted' | 'removed';

interface OfPresent {
  readonly desired: Present;
  /** Where the folder belongs. */
  readonly path: string;
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
  /** Somebody else's folder is where ours belongs. */
  | (OfPresent & { readonly kind: 'foreign' })
  | { readonly kind: 'remove'; readonly desired: Removed; readonly folder: Folder }
  | {
      readonly kind: 'remove-held';
      readonly desired: Removed;
      readonly folder: Folder;
      readonly since: CommitId | null;
    }
  /** Its folder is there, but no longer ours to touch: another listener's, or its PROVENANCE was broken. */
  | { readonly kind: 'remove-foreign'; readonly desired: Removed; readonly path: string }
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
  const steps = input.desired.map((desired): Step => {
    const kept = input.kept?.get(desired.deploymentId);
    if (kept?.desired === desired && byPath.get(kept.folder.path) === kept.folder) return kept;
    const path = folderPath(desired, input.settings.layout);
    // Or, where a shard would be, a file of somebody's.
    const there = byPath.get(path) ?? byPath.get(path.slice(0, path.lastIndexOf('/')));
    const own = ownFolder(there, input.listenerId, desired.deploymentId);
    // A folder that was laid down under another layout is still ours, and moves with the next commit.
    const folder = own ?? byDeployment.get(desired.deploymentId);
    if (desired.kind === 'removed') return planRemoved(input, desired, folder, there);
    if (!folder && there) return { kind: 'foreign', desired, path };
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

function planRemoved(input: PlanInput, desired: Removed, folder: Folder | undefined, there: Folder | undefined): Step {
  // Gone means gone from git too: an engine still applies what lies in a folder that we may not touch.
  if (!folder && there && wasOurs(desired, there)) return { kind: 'remove-foreign', desired, path: there.path };
  if (!folder) return { kind: 'removed', desired };
  if (isEdited(folder) && input.settings.drift === 'hold')
    return { kind: 'remove-held', desired, folder, since: desired.lastReport?.commit ?? null };
  return { kind: 'remove', desired, folder };
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

/** Its PROVENANCE says so, or we said once that we had committed there. */
function wasOurs(desired: Removed, { provenance }: Folder): boolean {
  return provenance === null ? Boolean(desired.lastReport?.commit) : provenance.deploymentId === desired.deploymentId;
}

function ownFolder(folder: Folder | undefined, listenerId: ListenerId, id: DeploymentId): Folder | undefined {
  const isOurs = folder?.provenance?.listenerId === listenerId && folder.provenance.deploymentId === id;
  return isOurs ? folder : undefined;
}

function orphansOf(ours: readonly Folder[], desired: readonly Desired[]): readonly string[] {
  const known = new Set(desired.map((item) => item.deploymentId));
  return ours
    .filter((folder) => folder.provenance && !known.has(folder.provenance.deploymentId))
    .map(({ path }) => path);
}
