/** Reads files that a deployment's folder holds already. */
import type { Folder } from '../core/folder.ts';
import type { BlobId } from '../domain/identifiers.ts';
import type { LaneContext } from './context.ts';

/** Texts of these files, where the folder has them. */
export async function keptFiles(
  { repository }: Pick<LaneContext, 'repository'>,
  folder: Folder | null,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const kept = (folder?.files ?? []).filter(({ path }) => paths.includes(path));
  if (kept.length === 0) return new Map();
  const blobs = await repository.readBlobs([...new Set(kept.map(({ id }) => id as BlobId))]);
  return new Map(kept.map(({ path, id }) => [path, blobs.get(id as BlobId)?.toString('utf8') ?? '']));
}
