/** Whose manifests lie in folders without a readable PROVENANCE: renaming a folder or breaking that file leaves their labels. */
import type { Traces } from '../core/plan-removal.ts';
import { provenanceFile } from '../core/provenance.ts';
import type { Desired } from '../domain/desired.ts';
import type { BlobId } from '../domain/identifiers.ts';
import type { Repository } from '../ports.ts';
import type { LaneMemory } from './context.ts';
import type { RepositoryView } from './repository-view.ts';

/** Somebody's own folders may be large; beyond this many files only names and PROVENANCE are looked at. */
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
  const unclear = folders.filter(({ provenance }) => provenance === null);
  const unread = unclear.filter((folder) => !memory.labels.has(folder));
  const files = unread.flatMap((folder) =>
    folder.files.filter(mayTell).map(({ id }) => ({ folder, id: id as BlobId })),
  );
  for (const folder of unread) memory.labels.set(folder, new Set());
  for (let at = 0; at < Math.min(files.length, mostFiles); at += filesAtOnce) {
    const some = files.slice(at, at + filesAtOnce);
    const blobs = await repository.readBlobs([...new Set(some.map(({ id }) => id))]);
    for (const { folder, id } of some) {
      for (const found of deploymentsIn(blobs.get(id)?.toString('utf8') ?? '')) memory.labels.get(folder)?.add(found);
    }
  }
  const labels = new Map(unclear.map((folder) => [folder.path, memory.labels.get(folder) ?? new Set<string>()]));
  return { labels, has };
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
