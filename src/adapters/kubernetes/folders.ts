/** Finds an engine's objects by the folders that they read: the nearest one at or above a folder. */
import type { LiveObject } from '../../domain/live-object.ts';

interface FolderIndex {
  /** Either is null where an object came or went. */
  note(before: LiveObject | null, after: LiveObject | null): void;
  /** Those that read this very folder, then those that read the folder above, up to the root. */
  reading(folder: string): Iterable<LiveObject>;
}

/** `foldersOf` tells which folders an object reads, as `plainPath` writes them. */
export function folderIndex(foldersOf: (object: LiveObject) => readonly string[]): FolderIndex {
  const folders = new Map<string, Map<string, LiveObject>>();
  const take = (object: LiveObject): void => {
    for (const folder of foldersOf(object)) {
      const found = folders.get(folder);
      found?.delete(object.metadata.uid);
      if (found?.size === 0) folders.delete(folder);
    }
  };
  const add = (object: LiveObject): void => {
    for (const folder of foldersOf(object)) {
      const found = folders.get(folder) ?? new Map<string, LiveObject>();
      folders.set(folder, found.set(object.metadata.uid, object));
    }
  };
  return {
    note: (before, after) => {
      if (before) take(before);
      if (after) add(after);
    },
    reading: function* (folder) {
      for (const one of upwards(folder)) yield* folders.get(one)?.values() ?? [];
    },
  };
}

/** `deployments/chat`, `deployments`, `''`. */
function* upwards(folder: string): Iterable<string> {
  for (let path = folder; path !== ''; path = path.slice(0, Math.max(path.lastIndexOf('/'), 0))) yield path;
  yield '';
}

/** `./deployments/chat/` and `/deployments//chat` are `deployments/chat`; `.` is `''`, the root. */
export function plainPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
