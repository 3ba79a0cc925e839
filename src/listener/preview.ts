/** A pass without its push: what would be done to each repository, with the texts before and after. Writes nothing. */
import type { Step } from '../core/plan.ts';
import { takenBackWords } from '../core/taken-back.ts';
import type { Configuration } from '../domain/configuration.ts';
import type { Desired } from '../domain/desired.ts';
import { asTowpathError, TowpathError } from '../domain/failure.ts';
import type { FileChange } from '../domain/file-tree.ts';
import type {
  BlobId,
  CommitId,
  DeploymentId,
  DeploymentName,
  NamespaceName,
  RevisionId,
} from '../domain/identifiers.ts';
import type { ControlPlane, Repository, Snapshot } from '../ports.ts';
import { emptyMemory, type LaneContext, type LaneMemory, type NamespaceParts } from './context.ts';
import { type Decision, decide } from './decide.ts';
import { createDesiredState, type DesiredState } from './desired-state.ts';
import type { Draft } from './draft.ts';
import { refuseRewrittenHistory } from './evidence.ts';
import { soleLeadership } from './leader/leadership.ts';
import { type ListenerPorts, laneContext } from './listener.ts';
import { viewAt } from './repository-view.ts';
import { defaultTimings } from './timings.ts';

export interface FilePreview {
  /** From the repository's root. */
  readonly path: string;
  /** Null: the file is new. */
  readonly before: string | null;
  /** Null: the file goes. */
  readonly after: string | null;
}

export interface StepPreview {
  readonly kind: Step['kind'];
  readonly deployment: DeploymentName;
  readonly deploymentId: DeploymentId;
  /** Null for a removal. */
  readonly revisionId: RevisionId | null;
  /** First line of the commit that would be made; null where none would. */
  readonly commit: string | null;
  /** What of people's changes in git goes with it: a sentence, and each line. */
  readonly takesBack: readonly string[];
  /** Why nothing can or will be done; null where all is well. */
  readonly message: string | null;
  readonly files: readonly FilePreview[];
}

export interface NamespacePreview {
  readonly namespace: NamespaceName;
  readonly repository: string;
  readonly branch: string;
  readonly head: CommitId | null;
  readonly steps: readonly StepPreview[];
  readonly orphans: readonly string[];
  /** What stops the whole repository; `steps` is empty then. */
  readonly failure: TowpathError | null;
}

/** One preview for each namespace of `ports`, each with its own failure. Throws where the control plane fails. */
export async function previewPass(
  ports: ListenerPorts,
  configuration: Configuration,
  towpathVersion: string,
): Promise<readonly NamespacePreview[]> {
  const desired = createDesiredState();
  desired.replace(await wholeListing(ports.controlPlane), ports.clock.now());
  return Promise.all(
    [...ports.namespaces].map(([namespace, parts]) =>
      previewNamespace(ports, { desired, configuration, towpathVersion, namespace, parts }),
    ),
  );
}

/** All that is wanted of the listener, as the control plane lists it now. */
export async function wholeListing(controlPlane: Pick<ControlPlane, 'desired'>): Promise<readonly Desired[]> {
  const items = new Map<DeploymentId, Desired>();
  for (let after: string | null = null; ; ) {
    const page = await controlPlane.desired(after, 0, AbortSignal.timeout(60_000));
    for (const item of page.items) items.set(item.deploymentId, item);
    if (!page.more) return [...items.values()];
    after = page.cursor;
  }
}

interface Subject {
  readonly desired: DesiredState;
  readonly configuration: Configuration;
  readonly towpathVersion: string;
  readonly namespace: NamespaceName;
  readonly parts: NamespaceParts;
}

async function previewNamespace(ports: ListenerPorts, subject: Subject): Promise<NamespacePreview> {
  const { desired, namespace, parts, towpathVersion } = subject;
  const { url: repository, branch } = parts.repository;
  // Nobody waits behind a preview: it takes the time that it takes.
  const timings = { ...defaultTimings, prepareMs: 300_000 };
  const shared = { ...ports, desired, timings, towpathVersion, leadership: soleLeadership };
  const context = laneContext(shared, subject.configuration, namespace, parts);
  try {
    return { namespace, repository, branch, failure: null, ...(await previewSteps(context)) };
  } catch (error) {
    const failure =
      asTowpathError(error) ?? new TowpathError('transient', 'Unexpected', unexpected(error), { cause: error });
    return { namespace, repository, branch, failure, head: null, steps: [], orphans: [] };
  }
}

async function previewSteps(context: LaneContext): Promise<Pick<NamespacePreview, 'head' | 'steps' | 'orphans'>> {
  const { repository } = context;
  const memory = emptyMemory();
  const items = context.desired.items(context.namespace);
  const view = await viewAt(repository, await repository.head(), null);
  const { namespace, settings } = context;
  const known = { namespace, pushed: null, accepted: settings.acceptHistory, desired: items };
  await refuseRewrittenHistory(repository, view.snapshot, known);
  const decision = await decide(context, memory, view, items);
  const drafts = new Map(decision.drafts.map((draft) => [draft.desired.deploymentId, draft]));
  const steps = await Promise.all(
    decision.plan.steps.map(async (step): Promise<StepPreview> => {
      const draft = drafts.get(step.desired.deploymentId);
      return {
        kind: step.kind,
        deployment: step.desired.name,
        deploymentId: step.desired.deploymentId,
        revisionId: step.desired.kind === 'present' ? step.desired.revisionId : null,
        commit: draft?.commit.message.split('\n', 1)[0] ?? null,
        takesBack: takesBackOf(draft),
        message: messageOf(step, decision, memory),
        files: draft ? await filesOf(repository, view.snapshot, draft) : [],
      };
    }),
  );
  return { head: view.snapshot.head, steps, orphans: decision.plan.orphans };
}

function takesBackOf(draft: Draft | undefined): readonly string[] {
  const { takenBack = null, sensitive = {} } = draft?.reviewed ?? {};
  if (takenBack === null) return [];
  const { sentence, lines } = takenBackWords(takenBack, sensitive);
  return [sentence, ...lines];
}

/** What a pass would report of it as a failure, or log. */
function messageOf(step: Step, decision: Decision, memory: LaneMemory): string | null {
  const { deploymentId } = step.desired;
  const setback = memory.setbacks.get(deploymentId)?.message;
  const failed = decision.reports.find(
    (report) => report.kind !== 'lane' && report.deploymentId === deploymentId && report.outcome === 'failed',
  );
  const said = step.kind === 'hold' || step.kind === 'foreign' ? step.desired.lastReport?.message : undefined;
  return setback ?? failed?.message ?? said ?? null;
}

/** Each file that a draft changes, with its text before and after. */
export async function filesOf(
  repository: Repository,
  snapshot: Snapshot,
  draft: Pick<Draft, 'commit'>,
): Promise<readonly FilePreview[]> {
  const changed = draft.commit.changes.flatMap((change) => filesOfChange(snapshot, change));
  const ids = changed.flatMap(({ path }) => (snapshot.idAt(path) as BlobId | null) ?? []);
  const blobs = ids.length === 0 ? new Map<BlobId, Buffer>() : await repository.readBlobs([...new Set(ids)]);
  return changed.map(({ path, after }) => {
    const id = snapshot.idAt(path) as BlobId | null;
    return { path, after, before: id === null ? null : (blobs.get(id)?.toString('utf8') ?? null) };
  });
}

function filesOfChange(snapshot: Snapshot, change: FileChange): readonly Omit<FilePreview, 'before'>[] {
  switch (change.kind) {
    case 'write':
      return [{ path: change.path, after: change.content }];
    case 'delete':
      return [{ path: change.path, after: null }];
    case 'delete-folder':
      return pathsBelow(snapshot, change.path).map((path) => ({ path, after: null }));
    default:
      return change satisfies never;
  }
}

function pathsBelow(snapshot: Snapshot, folder: string): readonly string[] {
  return (snapshot.list(folder) ?? []).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.kind === 'folder') return pathsBelow(snapshot, path);
    return entry.kind === 'file' ? [path] : [];
  });
}

function unexpected(error: unknown): string {
  return `Cannot preview the pass: ${error instanceof Error ? error.message : String(error)}`;
}
