/** Changes a tree in its own bytes, and says how the new bytes follow from the old: an edit is a ready-made delta. */
import type { DeltaPart } from './delta.ts';
import {
  type Entry,
  entryAt,
  entryBytes,
  findEntry,
  insertionPoint,
  rememberStarts,
  sortKey,
  startsOf,
} from './tree.ts';

/** Null takes the name away. */
export type EntryEdits = ReadonlyMap<string, Pick<Entry, 'mode' | 'id'> | null>;

export interface EditedTree {
  readonly raw: Buffer;
  /** Of the new bytes over the old ones. */
  readonly parts: readonly DeltaPart[];
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
  /** Orders what is inserted at one place. */
  readonly key: Buffer;
  /** How many entries begin here in the new tree, less those that began here in the old. */
  readonly growth: -1 | 0 | 1;
}

const nothing = Buffer.alloc(0);

export function editTree(raw: Buffer, edits: EntryEdits): EditedTree {
  const splices: Splice[] = [];
  for (const [name, edit] of edits) splices.push(...splicesOf(raw, name, edit));
  // What is inserted at a place comes before what is taken away there.
  splices.sort((a, b) => a.start - b.start || b.growth - a.growth || Buffer.compare(a.key, b.key));
  const parts: DeltaPart[] = [];
  const pieces: Buffer[] = [];
  let copied = 0;
  for (const splice of splices) {
    copy(raw, copied, splice.start, parts, pieces);
    if (splice.bytes.length > 0) {
      parts.push({ kind: 'insert', bytes: splice.bytes });
      pieces.push(splice.bytes);
    }
    copied = splice.end;
  }
  copy(raw, copied, raw.length, parts, pieces);
  const edited = Buffer.concat(pieces);
  rememberStarts(edited, shiftedStarts(raw, splices));
  return { raw: edited, parts };
}

function splicesOf(raw: Buffer, name: string, edit: Pick<Entry, 'mode' | 'id'> | null): Splice[] {
  const position = findEntry(raw, name);
  const old = position && entryAt(raw, position);
  if (position && old && edit && old.mode === edit.mode) {
    // Mode and name stay, so only the id's twenty bytes are new.
    const bytes = Buffer.from(edit.id, 'hex');
    return [{ start: position.end - 20, end: position.end, bytes, key: nothing, growth: 0 }];
  }
  const splices: Splice[] = [];
  if (position) splices.push({ start: position.start, end: position.end, bytes: nothing, key: nothing, growth: -1 });
  if (edit) {
    const entry = { ...edit, name };
    const key = sortKey(entry);
    const start = insertionPoint(raw, key);
    splices.push({ start, end: start, bytes: entryBytes(entry), key, growth: 1 });
  }
  return splices;
}

function copy(raw: Buffer, start: number, end: number, parts: DeltaPart[], pieces: Buffer[]): void {
  if (end <= start) return;
  parts.push({ kind: 'copy', start, end });
  pieces.push(raw.subarray(start, end));
}

/** The index of the new tree out of the old one's, without reading the tree again. */
function shiftedStarts(raw: Buffer, splices: readonly Splice[]): Uint32Array {
  const old = startsOf(raw);
  if (splices.every((splice) => splice.growth === 0)) return old;
  const shifted = new Uint32Array(splices.reduce((count, splice) => count + splice.growth, old.length));
  let from = 0;
  let to = 0;
  let shift = 0;
  for (const splice of splices.filter(({ growth }) => growth !== 0)) {
    while (from < old.length && (old[from] ?? 0) < splice.start) shifted[to++] = (old[from++] ?? 0) + shift;
    if (splice.growth === 1) shifted[to++] = splice.start + shift;
    else from++;
    shift += splice.bytes.length - (splice.end - splice.start);
  }
  while (from < old.length) shifted[to++] = (old[from++] ?? 0) + shift;
  return shifted;
}
