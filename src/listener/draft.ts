/** One commit and what is said of it before and after its push. */
import { blobId } from '../core/blob-id.ts';
import { deployDraft, removeDraft } from '../core/commit.ts';
import type { Drift } from '../core/plan.ts';
import { type Change, provenanceFile } from '../core/provenance.ts';
import { reportCommitted, reportRemoval, reportRendered } from '../core/report.ts';
import { repositoryReadme } from '../core/repository-readme.ts';
import type { Desired, Removed } from '../domain/desired.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';
import type { CommitDraft } from '../ports.ts';
import type { LaneContext, Prepared } from './context.ts';
import type { RemovingStep, WritingStep } from './decide.ts';
import { secretsWord } from './prepare.ts';

export interface Draft {
  readonly desired: Desired;
  readonly path: string;
  readonly commit: CommitDraft;
  readonly renderedReport: readonly Report[];
  /** Once it is pushed. */
  reportPushed(commit: CommitId): Report;
  /** The same with the README of a new repository. */
  withReadme(): Draft;
}

const changes = {
  'lay-down': 'deploy',
  update: 'deploy',
  rerender: 'rerender',
  restore: 'restore',
} as const satisfies Record<WritingStep['kind'], Change>;

export function draftDeploy(context: LaneContext, step: WritingStep, prepared: Prepared, withReadme = false): Draft {
  const { desired, path } = step;
  const now = context.clock.now();
  const commit = deployDraft({
    committer: context.committer,
    now,
    name: desired.name,
    namespace: context.namespace,
    path,
    folder: 'folder' in step ? step.folder : null,
    files: prepared.files,
    trailers: trailersOf(context, prepared, changes[step.kind]),
    requester: prepared.specification.revision.requester,
    requestedAt: dateOr(prepared.specification.revision.createdAt, now),
    why: whyOf(step),
    rootFiles: new Map(withReadme ? [['README.md', repositoryReadme(context.namespace)]] : []),
  });
  return {
    desired,
    path,
    commit,
    renderedReport: [reportRendered(desired, prepared.files.size + 1, context.renderer.template, now)],
    reportPushed: (id) => committedReport(context, step, prepared, id),
    withReadme: () => draftDeploy(context, step, prepared, true),
  };
}

export function draftRemoval(context: LaneContext, step: RemovingStep): Draft {
  const { desired, folder } = step;
  const now = context.clock.now();
  const { request } = desired;
  if (folder.provenance === null) throw new RangeError(`Cannot remove ${folder.path}: it has no PROVENANCE`);
  const draft: Draft = {
    desired,
    path: folder.path,
    commit: removeDraft({
      committer: context.committer,
      now,
      name: desired.name,
      namespace: context.namespace,
      request: request && { requester: request.requester, at: dateOr(request.at, now) },
      folder: { ...folder, provenance: folder.provenance },
      data: context.settings.deletion.data,
      towpathVersion: context.towpathVersion,
    }),
    renderedReport: [],
    reportPushed: (id) => removedReport(context, desired, id),
    withReadme: () => draft,
  };
  return draft;
}

export function removedReport(context: LaneContext, desired: Removed, commit: CommitId | null): Report {
  const where = commit === null ? 'Nothing of it is in git' : `Removed from git in ${commit.slice(0, 12)}`;
  const data = context.settings.deletion.data === 'retain' ? '; a cluster would keep its volume claims' : '';
  const message = `${where}; nothing watches a cluster (engine none), so nothing more is waited for${data}`;
  return reportRemoval(desired, { outcome: 'succeeded', reason: 'Removed', message, commit }, context.clock.now());
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
  const committed = { commit, branch, repository: url, notes: prepared.notes, url: prepared.url };
  return reportCommitted(step.desired, committed, context.clock.now());
}

function trailersOf(context: LaneContext, prepared: Prepared, change: Change) {
  const { deployment, revision, image, secretsVersion } = prepared.specification;
  return {
    change,
    deploymentId: deployment.id,
    revisionId: revision.id,
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

const driftWords: Readonly<Record<Drift, string>> = {
  edited: 'edited',
  reverted: 'reverted to an older revision',
  removed: 'removed',
};

function whyOf(step: WritingStep): string | null {
  switch (step.kind) {
    case 'lay-down':
    case 'update':
      return null;
    case 'rerender':
      return 'The template set or the configuration changed; the revision did not.';
    case 'restore':
      return `The folder was ${driftWords[step.drift]} in git, and the configuration says drift: restore.`;
    default:
      return step satisfies never;
  }
}

function dateOr(text: string, fallback: Date): Date {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? fallback : date;
}
