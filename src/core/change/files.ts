/** The files of a change: which come, change and go, with counts of lines. */
import { diffLines } from 'diff';
import { provenanceFile } from '../provenance.ts';
import { compareText } from './words.ts';

export interface ChangedFile {
  readonly path: string;
  readonly kind: 'added' | 'changed' | 'removed';
  readonly added: number;
  readonly removed: number;
}

type Files = ReadonlyMap<string, string> | null;

export function changedFiles(before: Files, after: Files): readonly ChangedFile[] {
  const paths = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].sort(compareText);
  return paths.flatMap((path) => {
    const [old, young] = [before?.get(path), after?.get(path)];
    // PROVENANCE tells of the others, and changes with each of them.
    return old === young || path === provenanceFile ? [] : [changedFile(path, old, young)];
  });
}

/** More edits than this are as good as a new file, and would be slow to count. */
const maxEditLength = 500;

function changedFile(path: string, old: string | undefined, young: string | undefined): ChangedFile {
  if (old === undefined) return { path, kind: 'added', added: lines(young), removed: 0 };
  if (young === undefined) return { path, kind: 'removed', added: 0, removed: lines(old) };
  const parts = diffLines(old, young, { maxEditLength });
  if (!parts) return { path, kind: 'changed', added: lines(young), removed: lines(old) };
  const count = (which: 'added' | 'removed'): number =>
    parts.filter((part) => part[which]).reduce((sum, part) => sum + (part.count ?? 0), 0);
  return { path, kind: 'changed', added: count('added'), removed: count('removed') };
}

function lines(text = ''): number {
  return text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}
