/** What lies in one deployment's folder of the repository, as its tree and PROVENANCE tell. */
import { contentDigest, type FolderFile, type Provenance } from './provenance.ts';

export interface Folder {
  /** From the repository's root, without a closing slash. */
  readonly path: string;
  /** Every file below, PROVENANCE among them; paths from the folder. */
  readonly files: readonly FolderFile[];
  /** Digest over all files but PROVENANCE, as they are now. */
  readonly content: string;
  /** Null where Towpath did not write one, or a person made it unreadable. */
  readonly provenance: Provenance | null;
}

export function makeFolder(path: string, files: readonly FolderFile[], provenance: Provenance | null): Folder {
  return { path, files, content: contentDigest(files), provenance };
}

/** Whether anything but PROVENANCE differs from what was laid down. */
export function isEdited(folder: Folder): boolean {
  return folder.provenance !== null && folder.provenance.content !== folder.content;
}
