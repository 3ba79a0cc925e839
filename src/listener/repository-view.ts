/** Reads what the repository holds: trees, and the PROVENANCE of each folder that changed since the last look. */
import { type Folder, makeFolder } from '../core/folder.ts';
import { type FolderFile, parseProvenance, provenanceFile } from '../core/provenance.ts';
import { TowpathError } from '../domain/failure.ts';
import type { BlobId, CommitId } from '../domain/identifiers.ts';
import type { Repository, Snapshot } from '../ports.ts';

interface SeenFolder {
  readonly treeId: string;
  readonly folder: Folder;
}

export interface RepositoryView {
  readonly snapshot: Snapshot;
  /** By path; a folder whose tree id did not change is never read again. */
  readonly seen: ReadonlyMap<string, SeenFolder>;
  readonly folders: readonly Folder[];
  readonly hasReadme: boolean;
}

const root = 'deployments';

/** A whole view of one head, made from the last one where it can be. */
export async function viewAt(
  repository: Repository,
  head: CommitId | null,
  last: RepositoryView | null,
): Promise<RepositoryView> {
  if (last && last.snapshot.head === head) return last;
  return viewOf(repository, await repository.snapshot(head), last);
}

/** `written` are texts of PROVENANCE that we made ourselves, by blob id: they need not be read back. */
export async function viewOf(
  repository: Repository,
  snapshot: Snapshot,
  last: RepositoryView | null,
  written: ReadonlyMap<string, string> = new Map(),
): Promise<RepositoryView> {
  refuseOtherRoot(repository, snapshot);
  const found = foldersIn(snapshot, root);
  const fresh = found.filter(({ path, treeId }) => last?.seen.get(path)?.treeId !== treeId);
  const read = await readFolders(repository, snapshot, fresh, written);
  const seen = new Map(
    found.flatMap(({ path, treeId }) => {
      const folder = read.get(path) ?? last?.seen.get(path)?.folder;
      return folder ? [[path, { treeId, folder }] as const] : [];
    }),
  );
  const folders = [...seen.values()].map((one) => one.folder);
  return { snapshot, seen, folders, hasReadme: snapshot.idAt('README.md') !== null };
}

/** Folders that came, went or hold something else since; none where there was no look before. */
export function changedFolders(before: RepositoryView | null, after: RepositoryView): readonly string[] {
  if (before === null) return [];
  const isOther = (path: string): boolean => before.seen.get(path)?.treeId !== after.seen.get(path)?.treeId;
  return [...new Set([...before.seen.keys(), ...after.seen.keys()])].filter(isOther);
}

interface FoundFolder {
  readonly path: string;
  readonly treeId: string;
}

/** A file of that name is somebody's own, and laying a folder down would overwrite it. */
function refuseOtherRoot({ branch, url }: Repository, snapshot: Snapshot): void {
  if (snapshot.idAt(root) === null || snapshot.list(root) !== null) return;
  throw new TowpathError(
    'terminal',
    'ForeignFile',
    `Cannot lay down deployments on branch ${branch} of ${url}: "${root}" is no folder there; move it away in git`,
  );
}

/**
 * Both layouts at once: a folder of two hex digits is a shard, whatever else lies in it; no deployment is called so.
 * A file, a link or a submodule counts as a folder without PROVENANCE: it is somebody's own, and never overwritten.
 */
function foldersIn(snapshot: Snapshot, parent: string): readonly FoundFolder[] {
  const entries = snapshot.list(parent) ?? [];
  return entries.flatMap((entry) => {
    const path = `${parent}/${entry.name}`;
    const isShard = parent === root && entry.kind === 'folder' && /^[0-9a-f]{2}$/.test(entry.name);
    return isShard ? foldersIn(snapshot, path) : [{ path, treeId: entry.id }];
  });
}

/** One request for the PROVENANCE of all. */
async function readFolders(
  repository: Repository,
  snapshot: Snapshot,
  folders: readonly FoundFolder[],
  written: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Folder>> {
  const listed = folders.map(({ path }) => ({ path, files: filesIn(snapshot, path, '') }));
  const ids = listed.flatMap(({ files }) => provenanceId(files) ?? []).filter((id) => !written.has(id));
  const blobs = ids.length > 0 ? await repository.readBlobs([...new Set(ids)]) : new Map<BlobId, Buffer>();
  return new Map(
    listed.map(({ path, files }) => {
      const id = provenanceId(files);
      const text = id === null ? undefined : (written.get(id) ?? blobs.get(id)?.toString('utf8'));
      return [path, makeFolder(path, files, text === undefined ? null : parseProvenance(text))];
    }),
  );
}

/** Every file below a folder, by its path from there; `prefix` is where to begin. */
export function filesIn(snapshot: Snapshot, folder: string, prefix: string): readonly FolderFile[] {
  return (snapshot.list(`${folder}${prefix === '' ? '' : `/${prefix}`}`) ?? []).flatMap((entry) => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.kind === 'folder' ? filesIn(snapshot, folder, path) : [{ path, id: entry.id }];
  });
}

function provenanceId(files: readonly FolderFile[]): BlobId | null {
  return (files.find((file) => file.path === provenanceFile)?.id ?? null) as BlobId | null;
}
