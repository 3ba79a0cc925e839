/** Asks git what people changed in a folder since it was laid down; what it does not tell stops no deployment. */
import { type Folder, isEdited } from '../core/folder.ts';
import { contentDigest, provenanceFile } from '../core/provenance.ts';
import { type EditedFolder, type TakenBack, takenBack } from '../core/taken-back.ts';
import type { BlobId, CommitId } from '../domain/identifiers.ts';
import type { CommitSummary, FileAt, Snapshot } from '../ports.ts';
import type { LaneContext } from './context.ts';
import { describe } from './describe.ts';

/** How far back a folder's commits are looked for; what is older is told without its lines. */
const memoryMs = 90 * 86_400_000;
const skewMs = 3_600_000;
const mostCommits = 50;

/** Null: nobody has changed it, or what they did is in the new rendering as well. */
export async function takenBackOf(
  context: LaneContext,
  snapshot: Snapshot,
  folder: Folder | null,
  next: ReadonlyMap<string, string> | null,
): Promise<TakenBack | null> {
  if (folder === null || !isEdited(folder)) return null;
  return takenBack(await editedFolder(context, snapshot, folder), next);
}

async function editedFolder(context: LaneContext, snapshot: Snapshot, folder: Folder): Promise<EditedFolder> {
  try {
    return await lookAt(context, snapshot, folder);
  } catch (error) {
    const fields = { namespace: context.namespace, path: folder.path, error: describe(error) };
    context.log.warn('Cannot tell what was changed in git', fields);
    return { commits: [], now: new Map(), older: null };
  }
}

async function lookAt({ repository, clock }: LaneContext, snapshot: Snapshot, folder: Folder): Promise<EditedFolder> {
  const { provenance, path } = folder;
  const asked = Date.parse(provenance?.requestedAt ?? '') - skewMs;
  const longAgo = clock.now().getTime() - memoryMs;
  const after = new Date(Number.isNaN(asked) ? longAgo : Math.max(asked, longAgo));
  const commits = (await repository.recent(snapshot, after, path)).slice(0, mostCommits);
  const files = await repository.filesAt(
    commits.map(({ id }) => id),
    path,
  );
  const found = sinceLaidDown(folder, commits, files);
  const people = found.commits.filter(({ isTowpaths }) => !isTowpaths);
  const now = folder.files as readonly FileAt[];
  const older = found.older && { kind: found.kind, files: found.older };
  const ids = older ? differing(now, older.files) : [];
  const blobs = ids.length === 0 ? new Map<BlobId, Buffer>() : await repository.readBlobs(ids);
  const text = (all: readonly FileAt[]): ReadonlyMap<string, string> =>
    new Map(all.flatMap((file) => textOf(file, blobs)));
  return {
    commits: people.length > 0 ? people : found.commits,
    now: text(now),
    older: older && { kind: older.kind, files: text(older.files) },
  };
}

interface Since {
  /** Those after it was laid down, or those that laid it down and changed it at once. */
  readonly commits: readonly CommitSummary[];
  readonly kind: 'laid-down' | 'before';
  readonly older: readonly FileAt[] | null;
}

function sinceLaidDown(
  { provenance, files: now }: Folder,
  commits: readonly CommitSummary[],
  files: ReadonlyMap<CommitId, readonly FileAt[]>,
): Since {
  const at = commits.map(({ id }) => files.get(id) ?? []);
  const laidDown = at.findIndex((all) => contentDigest(all) === provenance?.content);
  if (laidDown >= 0) return { commits: commits.slice(0, laidDown), kind: 'laid-down', older: at[laidDown] ?? null };
  // A squash put both into one commit: the oldest that has this very PROVENANCE.
  const own = provenanceId(now);
  const brought = at.findLastIndex((all) => provenanceId(all) === own);
  if (brought < 0) return { commits: commits.slice(0, 1), kind: 'before', older: null };
  const before = at[brought + 1];
  return { commits: commits.slice(0, brought + 1), kind: 'before', older: before?.length ? before : null };
}

function provenanceId(files: readonly { readonly path: string; readonly id: string }[]): string | null {
  return files.find(({ path }) => path === provenanceFile)?.id ?? null;
}

/** What both have alike need not be read. */
function differing(one: readonly FileAt[], other: readonly FileAt[]): readonly BlobId[] {
  const held = (all: readonly FileAt[]) => new Set(all.map(({ path, id }) => `${id} ${path}`));
  const [ours, theirs] = [held(one), held(other)];
  const lacking = (all: readonly FileAt[], known: ReadonlySet<string>) =>
    all.filter(({ path, id }) => path !== provenanceFile && !known.has(`${id} ${path}`));
  return [...new Set([...lacking(one, theirs), ...lacking(other, ours)].map(({ id }) => id))];
}

function textOf({ path, id }: FileAt, blobs: ReadonlyMap<BlobId, Buffer>): readonly (readonly [string, string])[] {
  const text = blobs.get(id)?.toString('utf8');
  return text === undefined ? [] : [[path, text]];
}
