/** Git's deltas: a target as copies from a base and new bytes in between. */

export type DeltaPart =
  | { readonly kind: 'copy'; readonly start: number; readonly end: number }
  | { readonly kind: 'insert'; readonly bytes: Buffer };

// Three bytes are what the format has for the length of a copy, one for an insertion.
const longestCopy = 0xffffff;
const longestInsert = 0x7f;

export function encodeDelta(baseLength: number, targetLength: number, parts: readonly DeltaPart[]): Buffer {
  const out: number[] = [];
  pushLength(out, baseLength);
  pushLength(out, targetLength);
  for (const part of parts) {
    if (part.kind === 'copy') pushCopies(out, part.start, part.end);
    else pushInserts(out, part.bytes);
  }
  return Buffer.from(out);
}

export function applyDelta(base: Buffer, delta: Buffer, maxBytes = Number.POSITIVE_INFINITY): Buffer {
  const reader = { at: 0 };
  if (readLength(delta, reader) !== base.length) throw new RangeError('Cannot apply a delta: it has another base');
  const length = readLength(delta, reader);
  if (length > maxBytes) throw new RangeError(`Cannot apply a delta: ${length} bytes are more than is allowed`);
  const target = Buffer.allocUnsafe(length);
  let filled = 0;
  while (reader.at < delta.length) {
    const code = delta[reader.at++] ?? 0;
    if (code === 0) throw new RangeError('Cannot apply a delta: unknown instruction');
    const from = code & 0x80 ? readCopy(delta, reader, code) : { start: reader.at, length: code };
    const source = code & 0x80 ? base : delta;
    if (from.start + from.length > source.length || filled + from.length > target.length) {
      throw new RangeError('Cannot apply a delta: it reaches outside its base');
    }
    source.copy(target, filled, from.start, from.start + from.length);
    if (source === delta) reader.at += from.length;
    filled += from.length;
  }
  if (filled !== target.length) throw new RangeError('Cannot apply a delta: it is cut short');
  return target;
}

function pushLength(out: number[], length: number): void {
  let rest = length;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

function pushCopies(out: number[], start: number, end: number): void {
  for (let at = start; at < end; ) {
    const length = Math.min(longestCopy, end - at);
    const code = out.push(0x80) - 1;
    // A length of 65536 is written as none at all.
    out[code] = 0x80 | pushBytes(out, at, 4) | (length === 0x10000 ? 0 : pushBytes(out, length, 3) << 4);
    at += length;
  }
}

/** Writes only the bytes that are not zero; the answer's bits say which. */
function pushBytes(out: number[], value: number, count: number): number {
  let bits = 0;
  for (let byte = 0; byte < count; byte++) {
    const piece = (value >>> (8 * byte)) & 0xff;
    if (piece === 0) continue;
    out.push(piece);
    bits |= 1 << byte;
  }
  return bits;
}

function pushInserts(out: number[], bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += longestInsert) {
    const piece = bytes.subarray(at, at + longestInsert);
    out.push(piece.length, ...piece);
  }
}

function readLength(delta: Buffer, reader: { at: number }): number {
  let length = 0;
  for (let factor = 1; ; factor *= 0x80) {
    const byte = delta[reader.at++];
    if (byte === undefined) throw new RangeError('Cannot apply a delta: it is cut short');
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return length;
  }
}

function readCopy(delta: Buffer, reader: { at: number }, code: number): { start: number; length: number } {
  let start = 0;
  let length = 0;
  for (let byte = 0; byte < 4; byte++) if (code & (0x01 << byte)) start += (delta[reader.at++] ?? 0) * 2 ** (8 * byte);
  for (let byte = 0; byte < 3; byte++) if (code & (0x10 << byte)) length |= (delta[reader.at++] ?? 0) << (8 * byte);
  return { start, length: length === 0 ? 0x10000 : length };
}
