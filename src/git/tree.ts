/** Trees in git's own bytes: `mode SP name NUL id`, sorted as if folders ended in `/`. */

/** Octal, as git writes it. */
export const folderMode = '40000';
export const fileMode = '100644';

export interface Entry {
  readonly mode: string;
  readonly name: string;
  /** 40 hex digits. */
  readonly id: string;
}

/** Where an entry lies inside the bytes of its tree: `start` of its mode, `end` after its id. */
export interface EntryPosition {
  readonly start: number;
  readonly nameStart: number;
  readonly end: number;
}

const folderStart = Buffer.from(`${folderMode} `);
const space = 0x20;
const slash = 0x2f;
const idLength = 20;
// Shorter trees are searched from the front; for longer ones the starts of the entries are remembered.
const indexedFrom = 2048;

export function parseTree(raw: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let start = 0; start < raw.length; ) {
    const position = positionAt(raw, start);
    entries.push(entryAt(raw, position));
    start = position.end;
  }
  return entries;
}

export function serializeTree(entries: readonly Entry[]): Buffer {
  const keyed = entries.map((entry) => ({ key: sortKey(entry), bytes: entryBytes(entry) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  return Buffer.concat(keyed.map(({ bytes }) => bytes));
}

export function entryBytes(entry: Entry): Buffer {
  return Buffer.concat([Buffer.from(`${entry.mode} ${entry.name}\0`), Buffer.from(entry.id, 'hex')]);
}

/** The bytes that order an entry among its siblings. */
export function sortKey(entry: Pick<Entry, 'mode' | 'name'>): Buffer {
  return Buffer.from(entry.mode === folderMode ? `${entry.name}/` : entry.name);
}

export function entryAt(raw: Buffer, { start, nameStart, end }: EntryPosition): Entry {
  return {
    mode: modeAt(raw, start, nameStart - 1),
    name: raw.toString('utf8', nameStart, end - idLength - 1),
    id: raw.toString('hex', end - idLength, end),
  };
}

/** Of an entry, without the cost of its other parts. */
export function idOf(raw: Buffer, { end }: EntryPosition): string {
  return raw.toString('hex', end - idLength, end);
}

export function isFolder(raw: Buffer, { start }: EntryPosition): boolean {
  // Only folders have a mode that begins with 4.
  return raw[start] === 0x34;
}

/** Nearly all are one of two, and reading a string out of bytes costs more than comparing them. */
function modeAt(raw: Buffer, start: number, end: number): string {
  if (end - start === 5 && raw.readUInt32BE(start) === 0x34303030 && raw[end - 1] === 0x30) return folderMode;
  if (end - start === 6 && raw.readUInt32BE(start) === 0x31303036 && raw.readUInt16BE(start + 4) === 0x3434) {
    return fileMode;
  }
  return raw.toString('latin1', start, end);
}

/** A file or folder by its name; a tree never holds both. */
export function findEntry(raw: Buffer, name: string): EntryPosition | null {
  const wanted = Buffer.from(name);
  if (raw.length < indexedFrom) return scanFor(raw, wanted);
  // What is long is mostly a folder of folders.
  return exactly(raw, search(raw, Buffer.from(`${name}/`)), wanted) ?? exactly(raw, search(raw, wanted), wanted);
}

/** Where an entry with this sort key is, or would be put. */
export function insertionPoint(raw: Buffer, key: Buffer): number {
  if (raw.length >= indexedFrom) return search(raw, key);
  let start = 0;
  while (start < raw.length) {
    if (compareKey(raw, start, key) >= 0) return start;
    start = endOf(raw, start);
  }
  return start;
}

/** Calls back with the id of each sub-folder; the hot loop of every walk. */
export function forEachFolder(raw: Buffer, visit: (id: string) => void): void {
  // Most trees hold files only, and a search for what every folder begins with says so at once.
  if (!raw.includes(folderStart)) return;
  for (let start = 0; start < raw.length; ) {
    const end = endOf(raw, start);
    // Only folders have a mode that begins with 4.
    if (raw[start] === 0x34) visit(raw.toString('hex', end - idLength, end));
    start = end;
  }
}

const starts = new WeakMap<Buffer, Uint32Array>();

/** Lets an edited tree inherit the index of the one that it was made from. */
export function rememberStarts(raw: Buffer, known: Uint32Array): void {
  if (raw.length >= indexedFrom) starts.set(raw, known);
}

/** Starts of all entries, in order. */
export function startsOf(raw: Buffer): Uint32Array {
  const known = starts.get(raw);
  if (known) return known;
  const found: number[] = [];
  for (let start = 0; start < raw.length; start = endOf(raw, start)) found.push(start);
  const index = Uint32Array.from(found);
  rememberStarts(raw, index);
  return index;
}

function search(raw: Buffer, key: Buffer): number {
  const index = startsOf(raw);
  let low = 0;
  let high = index.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKey(raw, index[middle] ?? 0, key) < 0) low = middle + 1;
    else high = middle;
  }
  return index[low] ?? raw.length;
}

function exactly(raw: Buffer, start: number, name: Buffer): EntryPosition | null {
  if (start >= raw.length) return null;
  const position = positionAt(raw, start);
  return hasName(raw, position, name) ? position : null;
}

function scanFor(raw: Buffer, name: Buffer): EntryPosition | null {
  for (let start = 0; start < raw.length; ) {
    const end = endOf(raw, start);
    // Beside the name: five or six digits of mode, a space, a zero and the id.
    const beside = end - start - name.length;
    if (beside === 27 || beside === 28) {
      const position = positionAt(raw, start);
      if (hasName(raw, position, name)) return position;
    }
    start = end;
  }
  return null;
}

function hasName(raw: Buffer, { nameStart, end }: EntryPosition, name: Buffer): boolean {
  const length = end - idLength - 1 - nameStart;
  if (length !== name.length) return false;
  for (let at = 0; at < length; at++) if (raw[nameStart + at] !== name[at]) return false;
  return true;
}

/** Below zero: the entry sorts before the key. Reads no further than it must: this is what big trees are searched by. */
function compareKey(raw: Buffer, start: number, key: Buffer): number {
  const nameStart = nameStartAt(raw, start);
  for (let at = 0; ; at++) {
    const own = raw[nameStart + at] ?? 0;
    if (own === 0) return compareEnd(raw[start] === 0x34, key, at);
    if (at === key.length) return 1;
    const difference = own - (key[at] ?? 0);
    if (difference !== 0) return difference;
  }
}

/** The entry's name is over after `length` bytes that it shares with the key; a folder's goes on with a slash. */
function compareEnd(isFolder: boolean, key: Buffer, length: number): number {
  if (!isFolder) return length - key.length;
  if (length === key.length) return 1;
  const difference = slash - (key[length] ?? 0);
  return difference === 0 ? length + 1 - key.length : difference;
}

export function positionAt(raw: Buffer, start: number): EntryPosition {
  return { start, nameStart: nameStartAt(raw, start), end: endOf(raw, start) };
}

function nameStartAt(raw: Buffer, start: number): number {
  // No mode is shorter than five digits.
  let at = start + 5;
  while (at < raw.length && raw[at] !== space) at++;
  return at + 1;
}

function endOf(raw: Buffer, start: number): number {
  // No mode is shorter than five digits, and a space and a letter follow.
  let at = start + 7;
  while (at < raw.length && raw[at] !== 0) at++;
  const end = at + 1 + idLength;
  if (end > raw.length) throw new RangeError('Cannot read a tree: it is cut short');
  return end;
}
