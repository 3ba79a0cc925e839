/** Whose manifests lie in folders whose PROVENANCE does not tell: renaming, merging or breaking them leaves their labels. */
import { type Folder, isEdited } from '../core/folder.ts';
import type { Traces } from '../core/plan-removal.ts';
import { provenanceFile } from '../core/provenance.ts';
import type { Desired } from '../domain/desired.ts';
import type { BlobId } from '../domain/identifiers.ts';
import type { Repository, Snapshot } from '../ports.ts';
import type { LaneMemory } from './context.ts';
import type { RepositoryView } from './repository-view.ts';

/** Somebody's own folders may be large, so small ones come first; beyond this many files only names and PROVENANCE are looked at. */
const mostFiles = 5_000;
const filesAtOnce = 250;

/** Read only where something is to go, and of a folder once: it stays the same object until it changes. */
export async function tracesIn(
  repository: Pick<Repository, 'readBlobs'>,
  memory: Pick<LaneMemory, 'labels'>,
  { folders, snapshot }: RepositoryView,
  desired: readonly Desired[],
): Promise<Traces> {
  const has = (path: string): boolean => snapshot.idAt(path) !== null;
  if (desired.every(({ kind }) => kind === 'present')) return { labels: new Map(), has };
  const unclear = folders.filter(isUnclear);
  const unread = unclear
    .filter((folder) => !memory.labels.has(folder))
    .map((folder) => ({ folder, files: tellingFiles(snapshot, folder) }))
    .toSorted((one, other) => one.files.length - other.files.length);
  const files = unread.flatMap(({ folder, files: all }) => all.map((id) => ({ folder, id }))).slice(0, mostFiles);
  const found = new Map(unread.map(({ folder }) => [folder, new Set<string>()]));
  for (let at = 0; at < files.length; at += filesAtOnce) {
    const some = files.slice(at, at + filesAtOnce);
    const blobs = await repository.readBlobs([...new Set(some.map(({ id }) => id))]);
    for (const { folder, id } of some) {
      for (const label of deploymentsIn(blobs.get(id)?.toString('utf8') ?? '')) found.get(folder)?.add(label);
    }
  }
  // Only now: where reading broke off, nothing is known of any of them.
  for (const [folder, labels] of found) memory.labels.set(folder, labels);
  const labels = new Map(unclear.map((folder) => [folder.path, memory.labels.get(folder) ?? new Set<string>()]));
  return { labels, has };
}

/** Manifests of another deployment may have been put even where PROVENANCE is as it was. */
function isUnclear(folder: Folder): boolean {
  return folder.provenance === null || isEdited(folder);
}

function tellingFiles(snapshot: Snapshot, { path, files }: Folder): readonly BlobId[] {
  // A file that lies where folders belong.
  const own = snapshot.list(path) === null ? [{ path, id: snapshot.idAt(path) }] : files;
  return own.filter(mayTell).flatMap(({ id }) => (id === null ? [] : [id as BlobId]));
}

function mayTell({ path }: { readonly path: string }): boolean {
  return /\.(?:ya?ml|json)$/.test(path) || path === provenanceFile || path.endsWith(`/${provenanceFile}`);
}

/** The label of every manifest of ours, and the line of a PROVENANCE that is cut short. */
function deploymentsIn(text: string): readonly string[] {
  const label =
    /(?:towpath\.dev\/deployment-id["']?|^\uFEFF?Deployment-Id):[ \t]*["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/gm;
  return [...text.matchAll(label)].flatMap(([, id]) => id ?? []);
}
