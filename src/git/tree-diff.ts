/** What differs between two versions of one folder, entry by entry, without going into sub-folders. */
import { type Entry, type EntryPosition, entryAt, positionAt, sortKey } from './tree.ts';

interface EntryChange {
  readonly name: string;
  readonly before: Entry | null;
  readonly after: Entry | null;
}

export function diffTrees(before: Buffer, after: Buffer): EntryChange[] {
  const changes = new Map<string, EntryChange>();
  const note = (entry: Entry, side: 'before' | 'after'): void => {
    // A file that became a folder sorts elsewhere, so the two halves of one change come apart.
    const known = changes.get(entry.name) ?? { name: entry.name, before: null, after: null };
    changes.set(entry.name, { ...known, [side]: entry });
  };
  let left = 0;
  let right = 0;
  while (left < before.length || right < after.length) {
    const old = left < before.length ? positionAt(before, left) : null;
    const young = right < after.length ? positionAt(after, right) : null;
    const order = old && young ? compare(before, old, after, young) : old ? -1 : 1;
    if (old && order !== 'same' && order <= 0) note(entryAt(before, old), 'before');
    if (young && order !== 'same' && order >= 0) note(entryAt(after, young), 'after');
    if (old && (order === 'same' || order <= 0)) left = old.end;
    if (young && (order === 'same' || order >= 0)) right = young.end;
  }
  return [...changes.values()];
}

/** Below zero: `old` comes first; zero: the same name with another content. */
function compare(before: Buffer, old: EntryPosition, after: Buffer, young: EntryPosition): number | 'same' {
  if (after.compare(before, old.start, old.end, young.start, young.end) === 0) return 'same';
  return Buffer.compare(sortKey(entryAt(before, old)), sortKey(entryAt(after, young)));
}
