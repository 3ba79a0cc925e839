/** One commit and what is said of it before and after its push. */
import { blobId } from '../core/blob-id.ts';
import { deployDraft, removeDraft } from '../core/commit.ts';
import {
  decryptionSecretOf,
  fluxKustomization,
  fluxKustomizationPath,
  fluxReadme,
  fluxReadmePath,
} from '../core/flux/objects.ts';
import type { Folder } from '../core/folder.ts';
import type { Identity } from '../core/plain-line.ts';
import type { RemovingStep, WritingStep } from '../core/plan.ts';
import { type Change, type Origin, type Provenance, provenanceFile } from '../core/provenance.ts';
import { reportCommitted, reportRendered } from '../core/report.ts';
import { repositoryReadme } from '../core/repository-readme.ts';
import type { TakenBack } from '../core/taken-back.ts';
import type { Desired } from '../domain/desired.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';
import type { Requester } from '../domain/requester.ts';
import { resourceName } from '../domain/resource-name.ts';
import type { CommitDraft, Snapshot } from '../ports.ts';
import type { LaneContext, Prepared } from './context.ts';
import type { RepositoryView } from './repository-view.ts';
import { ownLabels } from './secrets/plain-secrets.ts';
import { secretsWord } from './secrets/plan.ts';
import { whyOf } from './step-reason.ts';
import { removedReport } from './step-reports.ts';

/** What a reviewer is told of a draft beside its commit. */
interface DraftedChange {
  /** What it is to a reviewer, who is told of a rollback as a deploy of an older revision. */
  readonly change: Exclude<Change, 'rollback'>;
  /** What the base holds; null: nothing. */
  readonly folder: Folder | null;
  /** The folder's files but PROVENANCE; null: it goes. */
  readonly files: ReadonlyMap<string, string> | null;
  readonly requester: Requester | null;
  readonly requestedAt: Date | null;
  readonly why: string | null;
  /** What of people's changes goes with it; null: nothing. */
  readonly takenBack: TakenBack | null;
  /** Values that must stand in no text, by the name that a message may use. */
  readonly sensitive: Readonly<Record<string, string>>;
}

export interface Draft {
  readonly desired: Desired;
  readonly path: string;
  readonly reviewed: DraftedChange;
  readonly commit: CommitDraft;
  readonly image: string;
  readonly renderedReport: readonly Report[];
  /** Something of the deployment stays behind: another pass tells of that. */
  readonly leaves: boolean;
  /** Once it is pushed. */
  reportPushed(commit: CommitId): Report;
  /** The same with files that a repository needs once. */
  withOnce(files: ReadonlyMap<string, string>): Draft;
}

/** What a person asked for by a command, and who that is. */
type Act = { readonly why: string; readonly operator: Identity } & (
  | { readonly change: 'restore' | 'adopt' }
  /** Only what is sealed is other than before: what it was laid down from stays true. */
  | { readonly change: 'reseal'; readonly provenance: Provenance }
);

interface DraftExtras {
  readonly once?: ReadonlyMap<string, string>;
  readonly act?: Act | null;
  readonly takenBack?: TakenBack | null;
}

/** What a step is called in git. */
export const changes = {
  'lay-down': 'deploy',
  update: 'deploy',
  rerender: 'rerender',
  restore: 'restore',
} as const satisfies Record<WritingStep['kind'], Change>;

export function draftDeploy(
  context: LaneContext,
  snapshot: Snapshot,
  step: WritingStep,
  prepared: Prepared,
  { once = new Map(), act = null, takenBack = null }: DraftExtras = {},
): Draft {
  const { desired, path } = step;
  const now = context.clock.now();
  const { requester, createdAt } = prepared.specification.revision;
  const reviewed = {
    change: act?.change ?? changes[step.kind],
    folder: 'folder' in step ? step.folder : null,
    files: prepared.files,
    requester,
    requestedAt: dateOr(createdAt, now),
    why: act?.why ?? whyOf(step),
    takenBack,
    sensitive: prepared.sensitive,
  };
  const commit = deployDraft({
    ...reviewed,
    committer: context.committer,
    now,
    name: desired.name,
    namespace: context.namespace,
    path,
    trailers:
      act?.change === 'reseal' ? keptTrailers(context, act.provenance) : trailersOf(context, prepared, reviewed.change),
    operator: act?.operator ?? null,
    outside: new Map([...once, ...(act?.change === 'reseal' ? [] : engineFiles(context, snapshot, prepared, path))]),
  });
  return {
    desired,
    path,
    reviewed,
    commit,
    image: prepared.specification.image,
    renderedReport: [reportRendered(desired, prepared.files.size + 1, context.renderer.template, now)],
    leaves: false,
    reportPushed: (id) => committedReport(context, step, prepared, id),
    withOnce: (files) => draftDeploy(context, snapshot, step, prepared, { once: files, act, takenBack }),
  };
}

/** Flux follows a Kustomization a deployment, which lies beside the folder; one that is there already is left alone. */
function engineFiles(
  context: LaneContext,
  snapshot: Snapshot,
  prepared: Prepared,
  folder: string,
): readonly (readonly [path: string, content: string])[] {
  if (context.engine !== 'flux') return [];
  const { deployment } = prepared.specification;
  const name = resourceName(deployment.name, deployment.id);
  const path = fluxKustomizationPath(name);
  const content = fluxKustomization({
    resourceName: name,
    folder,
    namespace: context.namespace,
    settings: context.settings.flux,
    decryptionSecret: decryptionSecretOf(context.settings.secrets),
    labels: ownLabels(deployment),
  });
  return snapshot.idAt(path) === blobId(content) ? [] : [[path, content]];
}

/** What a repository needs once, and then keeps as a person leaves it. */
export function filesNeededOnce(context: LaneContext, view: RepositoryView): ReadonlyMap<string, string> {
  const isNew = !view.hasReadme && view.folders.every((folder) => folder.provenance === null);
  const lacksFlux = context.engine === 'flux' && view.snapshot.idAt(fluxReadmePath) === null;
  return new Map([
    ...(isNew ? [['README.md', repositoryReadme(context.namespace)] as const] : []),
    ...(lacksFlux ? [[fluxReadmePath, fluxReadme] as const] : []),
  ]);
}

/** `operator` is the person whose command let it go, where it was held. */
export function draftRemoval(
  context: LaneContext,
  snapshot: Snapshot,
  step: Pick<RemovingStep, 'desired' | 'folder' | 'copies'> & Partial<Pick<RemovingStep, 'remnants'>>,
  operator: Identity | null = null,
): Draft {
  const { desired, folder, copies, remnants = [] } = step;
  const now = context.clock.now();
  const { request } = desired;
  const kustomization = fluxKustomizationPath(resourceName(desired.name, desired.deploymentId));
  if (folder.provenance === null) throw new RangeError(`Cannot remove ${folder.path}: it has no PROVENANCE`);
  const draft: Draft = {
    desired,
    path: folder.path,
    reviewed: {
      change: 'remove',
      folder,
      files: null,
      requester: request?.requester ?? null,
      requestedAt: request && dateOr(request.at, now),
      why: null,
      takenBack: null,
      sensitive: {},
    },
    commit: removeDraft({
      committer: context.committer,
      now,
      name: desired.name,
      namespace: context.namespace,
      request: request && { requester: request.requester, at: dateOr(request.at, now) },
      folder: { ...folder, provenance: folder.provenance },
      copies,
      data: context.settings.deletion.data,
      towpathVersion: context.towpathVersion,
      // Whatever the engine is today: the name holds a digest of the deployment's id, so it is ours.
      outside: [kustomization].filter((path) => snapshot.idAt(path) !== null),
      operator,
    }),
    image: folder.provenance.image,
    renderedReport: [],
    reportPushed: (id) => removedReport(context, desired, id, remnants),
    leaves: remnants.length > 0,
    withOnce: () => draft,
  };
  return draft;
}

/** PROVENANCE texts of drafts by blob id, so that what we wrote is not read back. */
export function writtenProvenance(drafts: readonly Draft[]): ReadonlyMap<string, string> {
  const written = drafts.flatMap((draft) =>
    draft.commit.changes.flatMap((change) =>
      change.kind === 'write' && change.path === `${draft.path}/${provenanceFile}` ? [change.content] : [],
    ),
  );
  return new Map(written.map((text) => [blobId(text), text]));
}

function committedReport(context: LaneContext, step: WritingStep, prepared: Prepared, commit: CommitId): Report {
  const { branch, url } = context.repository;
  const committed = {
    engine: context.engine,
    commit,
    branch,
    repository: url,
    notes: prepared.notes,
    url: prepared.url,
  };
  return reportCommitted(step.desired, committed, context.clock.now());
}

function trailersOf(context: LaneContext, prepared: Prepared, change: Change): Origin {
  const { deployment, revision, image, secretsVersion } = prepared.specification;
  const { rollbackTo } = revision;
  return {
    change: change === 'deploy' && rollbackTo !== null ? 'rollback' : change,
    deploymentId: deployment.id,
    revisionId: revision.id,
    revisionNumber: revision.number,
    rollbackTo: rollbackTo?.id ?? null,
    rollbackToNumber: rollbackTo?.number ?? null,
    workspaceId: deployment.workspaceId,
    listenerId: context.listenerId,
    template: context.renderer.template,
    inputsDigest: prepared.inputsDigest,
    image,
    secretsVersion: secretsVersion === null ? null : secretsWord(secretsVersion),
    secretName: prepared.secretName,
    keyId: prepared.keyId,
    towpathVersion: context.towpathVersion,
  };
}

function keptTrailers({ towpathVersion }: LaneContext, { content: _content, ...trailers }: Provenance): Origin {
  return { ...trailers, change: 'reseal', towpathVersion };
}

function dateOr(text: string, fallback: Date): Date {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? fallback : date;
}
