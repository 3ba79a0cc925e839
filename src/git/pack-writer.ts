/** Writes a pack in memory: the same objects in the same order give the same bytes. */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { ObjectType } from './object-id.ts';

const typeBits: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };
const offsetDelta = 6;
const idDelta = 7;
const headerLength = 12;

// Fixed, so that what is built twice is equal. The small window saves half the time on pieces that fit into it.
const compression = { level: 6 };
const smallCompression = { level: 6, memLevel: 4, windowBits: 11 };
const smallBelow = 512;

export class PackWriter {
  readonly #chunks: Buffer[] = [];
  readonly #offsets = new Map<string, number>();
  #length = headerLength;

  get count(): number {
    return this.#offsets.size;
  }

  has(id: string): boolean {
    return this.#offsets.has(id);
  }

  add(type: ObjectType, id: string, body: Buffer): void {
    this.#append(id, entryHeader(typeBits[type], body.length), body);
  }

  /** `delta` over an object that is in this pack already, or else that the receiver holds (a thin pack). */
  addDelta(id: string, baseId: string, delta: Buffer): void {
    const baseOffset = this.#offsets.get(baseId);
    const base =
      baseOffset === undefined
        ? { kind: idDelta, bytes: Buffer.from(baseId, 'hex') }
        : { kind: offsetDelta, bytes: distanceBytes(this.#length - baseOffset) };
    this.#append(id, Buffer.concat([entryHeader(base.kind, delta.length), base.bytes]), delta);
  }

  finish(): Buffer {
    const header = Buffer.alloc(headerLength);
    header.write('PACK');
    header.writeUInt32BE(2, 4);
    header.writeUInt32BE(this.count, 8);
    const trailer = Buffer.alloc(20);
    const pack = Buffer.concat([header, ...this.#chunks, trailer]);
    const end = pack.length - trailer.length;
    createHash('sha1').update(pack.subarray(0, end)).digest().copy(pack, end);
    return pack;
  }

  #append(id: string, header: Buffer, content: Buffer): void {
    if (this.#offsets.has(id)) return;
    const body = deflate(content);
    this.#offsets.set(id, this.#length);
    this.#chunks.push(header, body);
    this.#length += header.length + body.length;
  }
}

function deflate(content: Buffer): Buffer {
  // Without a size to begin with, zlib takes 16 KB for each result, and the result keeps them.
  const chunkSize = Math.max(64, content.length + (content.length >> 10) + 32);
  return deflateSync(content, { ...(content.length < smallBelow ? smallCompression : compression), chunkSize });
}

function entryHeader(kind: number, size: number): Buffer {
  const bytes: number[] = [];
  let byte = (kind << 4) | (size & 15);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80);
    byte = rest & 0x7f;
  }
  bytes.push(byte);
  return Buffer.from(bytes);
}

function distanceBytes(distance: number): Buffer {
  const bytes = [distance & 0x7f];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1;
    bytes.unshift(0x80 | (rest & 0x7f));
  }
  return Buffer.from(bytes);
}
