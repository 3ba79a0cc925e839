/** The header of one entry of a pack: its kind, its size, and what it builds on. */
import type { ObjectType } from './object-id.ts';

/** An answer that is not a pack, or a damaged one. */
export class PackError extends Error {
  override readonly name: string = 'PackError';
}

export interface Header {
  readonly type: number;
  readonly size: number;
  readonly baseOffset: number | null;
  readonly baseId: string | null;
  readonly length: number;
}

export const types: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };

export function readHeader(window: Buffer, start: number, offset: number): Header {
  let at = start;
  let byte = window[at++] ?? 0;
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let factor = 16; byte & 0x80; factor *= 128) {
    byte = window[at++] ?? 0;
    size += (byte & 0x7f) * factor;
  }
  if (type === 6) {
    byte = window[at++] ?? 0;
    let distance = byte & 0x7f;
    while (byte & 0x80) {
      byte = window[at++] ?? 0;
      distance = (distance + 1) * 128 + (byte & 0x7f);
    }
    return { type, size, baseOffset: offset - distance, baseId: null, length: at - start };
  }
  if (type === 7) {
    const baseId = window.toString('hex', at, at + 20);
    return { type, size, baseOffset: null, baseId, length: at + 20 - start };
  }
  if (!types[type]) throw new PackError(`the pack holds an entry of an unknown kind (${type})`);
  return { type, size, baseOffset: null, baseId: null, length: at - start };
}
