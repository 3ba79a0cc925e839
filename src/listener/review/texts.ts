/** What reviewers read of a draft: texts of the base beside those that are proposed. */
import { parseProvenance, provenanceFile } from '../../core/provenance.ts';
import { withMarker } from '../../core/pull-request/marker.ts';
import { pullRequestContent, type ReviewedChange } from '../../core/pull-request/pull-request.ts';
import { takenBackWords } from '../../core/taken-back.ts';
import { splitMessage } from '../../domain/commit.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { BlobId } from '../../domain/identifiers.ts';
import type { ForgeKind, PullRequestContent } from '../../domain/pull-request.ts';
import type { Draft } from '../draft.ts';
import { refuseLeaks } from '../secrets/leaks.ts';
import type { ReviewContext } from './look.ts';

/** Characters of a body; GitHub's is the smallest, and Gitea's database column as long. */
const bodyLimits: Readonly<Record<ForgeKind, number>> = { github: 65_536, gitea: 65_000, gitlab: 1_000_000 };

/** One request for the texts of all. By draft, in their order. */
export async function contentsOf(
  context: ReviewContext,
  drafts: readonly Draft[],
): Promise<ReadonlyMap<Draft, PullRequestContent | TowpathError>> {
  const ids = drafts.flatMap(({ reviewed }) => (reviewed.folder?.files ?? []).map(({ id }) => id as BlobId));
  const blobs = ids.length === 0 ? new Map<BlobId, Buffer>() : await context.repository.readBlobs([...new Set(ids)]);
  const text = (id: string): string => blobs.get(id as BlobId)?.toString('utf8') ?? '';
  return new Map(drafts.map((draft) => [draft, contentOrRefusal(context, draft, text)]));
}

/** One that may not be told of is not proposed either. */
function contentOrRefusal(context: ReviewContext, draft: Draft, text: (id: string) => string) {
  try {
    return contentOf(context, draft, text);
  } catch (error) {
    if (error instanceof TowpathError) return error;
    throw error;
  }
}

function contentOf(context: ReviewContext, draft: Draft, text: (id: string) => string): PullRequestContent {
  const { review, publication, listenerId } = context;
  const change = reviewedChange(context, draft, text);
  const limit = bodyLimits[review.forge.kind];
  const { title, body, labels } = pullRequestContent(change, {
    labels: publication.labels,
    templates: review.words,
    limit: limit - markerRoom,
  });
  const about = change.provenance.after ?? change.provenance.before;
  if (about === null) throw new RangeError(`Cannot describe ${draft.path}: it has no PROVENANCE`);
  const texts = new Map([
    ['title of the pull request', title],
    ['body of the pull request', body],
    ['commit message', draft.commit.message],
  ]);
  refuseLeaks({ files: new Map(), texts, sensitive: draft.reviewed.sensitive, deployment: draft.desired.name });
  const marker = {
    deploymentId: draft.desired.deploymentId,
    revisionId: about.revisionId,
    change: draft.reviewed.change,
    inputsDigest: about.inputsDigest,
    listenerId,
    closed: null,
  };
  return { title, body: withMarker(body, marker), labels };
}

const markerRoom = 1_500;

function reviewedChange(context: ReviewContext, draft: Draft, text: (id: string) => string): ReviewedChange {
  const { reviewed, desired, path, commit } = draft;
  const { folder, files, why, requester, requestedAt, takenBack, sensitive } = reviewed;
  const before = folder && new Map(folder.files.map((file) => [file.path, text(file.id)]));
  before?.delete(provenanceFile);
  return {
    kind: reviewed.change,
    namespace: context.namespace,
    deployment: { id: desired.deploymentId, name: desired.name },
    path,
    before,
    after: files,
    provenance: { before: folder?.provenance ?? null, after: files && writtenProvenanceOf(draft) },
    commit: { subject: splitMessage(commit.message).subject, why, trailers: lastParagraph(commit.message) },
    requester,
    requestedAt,
    takenBack: takenBack && takenBackWords(takenBack, sensitive),
    controlPlane: context.controlPlaneUrl,
    engine: context.engine,
    deletesData: context.settings.deletion.data === 'delete',
  };
}

function lastParagraph(message: string): string {
  return message.trimEnd().split('\n\n').at(-1) ?? '';
}

function writtenProvenanceOf({ commit, path }: Draft) {
  const written = commit.changes.find((change) => change.path === `${path}/${provenanceFile}`);
  return written?.kind === 'write' ? parseProvenance(written.content) : null;
}
