/** Reads a pack while it arrives: every kind of entry, deltas within the pack and over objects that we hold. */
import { createHash } from 'node:crypto';
import { applyDelta } from './delta.ts';
import { type Inflated, makeInflate, makeSkip, type Skip } from './inflate.ts';
import { type ObjectType, objectId } from './object-id.ts';
import { type Header, PackError, readHeader, types } from './pack-entry.ts';

export { PackError } from './pack-entry.ts';

export interface PackReaderOptions {
  readonly onObject: (type: ObjectType, id: string, body: Buffer) => void;
  /** Bases of a thin pack, which are not in it. */
  readonly findBase: (id: string) => { readonly type: ObjectType; readonly body: Buffer } | undefined;
  /** False: blobs are read over, not unpacked, named or handed out. */
  readonly blobs: boolean;
  /** Where blobs are handed out: longer ones are read over all the same. */
  readonly longestBlob?: number;
  readonly maxObjectBytes?: number;
  /** How many bytes of blobs are held for deltas over them; beyond it the oldest go, and what builds on them. */
  readonly maxHeldBlobBytes?: number;
}

/** A delta over an object that is neither in the pack nor held by us: ask for everything anew. */
export class MissingBaseError extends PackError {
  override readonly name = 'MissingBaseError';
}

/** Body null: a blob that was read over. */
interface Unpacked {
  readonly id: string | null;
  readonly type: ObjectType;
  body: Buffer | null;
}

/** An entry that nobody wants and that is too big to be held for that. */
interface Skipped {
  readonly offset: number;
  readonly size: number;
  readonly skip: Skip;
}

const headerLength = 12;
const trailerLength = 20;
// The longest entry header: ten bytes of type and size, twenty of base.
const longestEntryHeader = 32;
// What zlib adds at most to something that does not compress, beside one byte in 256.
const compressionOverhead = 64;
const inflate = makeInflate();
const defaultMaxObjectBytes = 512 * 1024 * 1024;
const defaultMaxHeldBlobBytes = 128 * 1024 * 1024;
// Up to here it is faster to unpack what nobody wants as a whole.
const smallEntry = 256 * 1024;

export class PackReader {
  readonly #options: PackReaderOptions;
  readonly #maxObjectBytes: number;
  readonly #hash = createHash('sha1');
  readonly #byOffset = new Map<number, Unpacked>();
  /** Made once a delta names its base by id and the base is not ours; most packs never need it. */
  #byId: Map<string, Unpacked> | null = null;
  #waiting: { readonly offset: number; readonly baseId: string; readonly delta: Buffer }[] = [];
  #skipped: Skipped | null = null;
  readonly #heldBlobs = new Set<Unpacked>();
  #heldBlobBytes = 0;
  #window: Buffer = Buffer.alloc(0);
  #arrived: Buffer[] = [];
  #arrivedBytes = 0;
  /** Of the window's first byte, within the pack. */
  #offset = 0;
  #entriesLeft = -1;
  #needed = headerLength;

  constructor(options: PackReaderOptions) {
    this.#options = options;
    this.#maxObjectBytes = options.maxObjectBytes ?? defaultMaxObjectBytes;
  }

  feed(chunk: Buffer): void {
    this.#arrived.push(chunk);
    this.#arrivedBytes += chunk.length;
    if (this.#window.length + this.#arrivedBytes >= this.#needed) this.#advance(false);
  }

  /** Throws unless the pack came whole; then every object has been handed out. */
  end(): void {
    this.#advance(true);
    if (this.#entriesLeft !== 0 || this.#window.length !== trailerLength) throw new PackError('the pack is cut short');
    if (!this.#hash.digest().equals(this.#window)) throw new PackError("the pack's checksum is wrong");
    const missing = this.#waiting[0];
    if (missing) throw new MissingBaseError(`the pack builds on object ${missing.baseId}, which is not here`);
    this.#byOffset.clear();
    this.#byId = null;
  }

  #advance(atEnd: boolean): void {
    this.#window = Buffer.concat([this.#window, ...this.#arrived]);
    this.#arrived = [];
    this.#arrivedBytes = 0;
    if (this.#entriesLeft < 0 && this.#window.length >= headerLength) this.#readPackHeader();
    let at = 0;
    while (this.#entriesLeft > 0) {
      const length = this.#skipped ? this.#skipOn(this.#skipped, at) : this.#readEntry(at, atEnd);
      if (length === null) break;
      at += length;
      if (!this.#skipped) this.#entriesLeft--;
      else if (at >= this.#window.length) break;
    }
    this.#consume(at);
  }

  #readPackHeader(): void {
    const version = this.#window.readUInt32BE(4);
    if (this.#window.toString('latin1', 0, 4) !== 'PACK' || (version !== 2 && version !== 3)) {
      throw new PackError('what came is not a pack');
    }
    this.#entriesLeft = this.#window.readUInt32BE(8);
    this.#consume(headerLength);
  }

  #consume(length: number): void {
    this.#hash.update(this.#window.subarray(0, length));
    this.#window = this.#window.subarray(length);
    this.#offset += length;
  }

  /** The entry's length in the pack, or null where it has not all come yet. */
  #readEntry(at: number, atEnd: boolean): number | null {
    const window = this.#window;
    if (window.length - at < longestEntryHeader && !atEnd) return this.#wait(longestEntryHeader);
    const offset = this.#offset + at;
    const header = readHeader(window, at, offset);
    if (this.#isUnwanted(header)) {
      const skip = makeSkip();
      if (skip) {
        this.#skipped = { offset, size: header.size, skip };
        this.#needed = 1;
        return header.length;
      }
    }
    if (header.size > this.#maxObjectBytes) {
      throw new PackError(`the pack holds an object of ${header.size} bytes, more than is allowed`);
    }
    const longest = header.length + header.size + (header.size >> 8) + compressionOverhead;
    if (window.length - at < longest && !atEnd) return this.#wait(longest);
    const unpacked = unpack(window, at + header.length, header.size);
    if (unpacked === null) {
      if (atEnd) throw new PackError('the pack is cut short');
      return this.#wait(2 * (window.length - at));
    }
    this.#accept(offset, header, unpacked.body);
    return header.length + unpacked.consumed;
  }

  #isUnwanted(header: Header): boolean {
    if (header.size <= smallEntry) return false;
    const base = header.baseOffset === null ? undefined : this.#byOffset.get(header.baseOffset);
    if (base) return base.type === 'blob' && base.body === null;
    return types[header.type] === 'blob' && header.size > this.#longestBlob;
  }

  /** Null where it goes on beyond what has come. */
  #skipOn({ offset, size, skip }: Skipped, at: number): number | null {
    const taken = skipOver(skip, this.#window, at);
    if (skip.length === null) return taken > 0 ? taken : null;
    if (skip.length !== size) throw new PackError('an object in the pack is damaged');
    this.#skipped = null;
    this.#byOffset.set(offset, { id: null, type: 'blob', body: null });
    return taken;
  }

  get #longestBlob(): number {
    return this.#options.blobs ? (this.#options.longestBlob ?? Number.POSITIVE_INFINITY) : -1;
  }

  /** Unpacking half an entry would be for nothing, so the next try waits until all of it must be there. */
  #wait(bytes: number): null {
    this.#needed = bytes;
    return null;
  }

  #accept(offset: number, header: Header, body: Buffer): void {
    const type = types[header.type];
    const base = type ? undefined : this.#baseOf(header);
    if (type) this.#emit(offset, type, body);
    else if (base) this.#emitDelta(offset, base, body);
    else if (header.baseId !== null) this.#waiting.push({ offset, baseId: header.baseId, delta: body });
    else throw new PackError('a delta in the pack points to no entry');
  }

  #baseOf(header: Header): Unpacked | undefined {
    if (header.baseOffset !== null) return this.#byOffset.get(header.baseOffset) ?? this.#laterBase(header.baseOffset);
    const id = header.baseId ?? '';
    const held = this.#options.findBase(id);
    return held ? { id, ...held } : this.#inPack(id);
  }

  #inPack(id: string): Unpacked | undefined {
    this.#byId ??= new Map([...this.#byOffset.values()].map((unpacked) => [unpacked.id ?? '', unpacked]));
    return this.#byId.get(id);
  }

  /** The base itself waits for one that comes later: nobody writes such packs, so it is named rather than handled. */
  #laterBase(offset: number): undefined {
    if (this.#waiting.some((entry) => entry.offset === offset)) {
      throw new MissingBaseError('the pack builds on an entry whose base is not here');
    }
  }

  #emitDelta(offset: number, base: Unpacked, delta: Buffer): void {
    if (base.body === null) this.#byOffset.set(offset, base);
    else this.#emit(offset, base.type, this.#apply(base.body, delta));
  }

  #apply(base: Buffer, delta: Buffer): Buffer {
    try {
      return applyDelta(base, delta, this.#maxObjectBytes);
    } catch (error) {
      throw new PackError('a delta in the pack is damaged', { cause: error });
    }
  }

  #emit(offset: number, type: ObjectType, body: Buffer): void {
    if (type === 'blob' && body.length > this.#longestBlob) {
      this.#byOffset.set(offset, { id: null, type, body: null });
      return;
    }
    const id = objectId(type, body);
    const unpacked = { id, type, body };
    this.#byOffset.set(offset, unpacked);
    this.#byId?.set(id, unpacked);
    if (type === 'blob') this.#hold(unpacked, body.length);
    this.#options.onObject(type, id, body);
    if (this.#waiting.length > 0) this.#release(id, unpacked);
  }

  #hold(blob: Unpacked, bytes: number): void {
    this.#heldBlobs.add(blob);
    this.#heldBlobBytes += bytes;
    const most = this.#options.maxHeldBlobBytes ?? defaultMaxHeldBlobBytes;
    for (const oldest of this.#heldBlobs) {
      if (this.#heldBlobBytes <= most) return;
      this.#heldBlobs.delete(oldest);
      this.#heldBlobBytes -= oldest.body?.length ?? 0;
      oldest.body = null;
    }
  }

  #release(id: string, base: Unpacked): void {
    const ready = this.#waiting.filter((entry) => entry.baseId === id);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((entry) => entry.baseId !== id);
    for (const { offset, delta } of ready) this.#emitDelta(offset, base, delta);
  }
}

function skipOver(skip: Skip, window: Buffer, start: number): number {
  try {
    return skip.feed(window, start);
  } catch (error) {
    throw new PackError('an object in the pack is damaged', { cause: error });
  }
}

function unpack(window: Buffer, start: number, size: number): Inflated | null {
  try {
    return inflate(window, start, size);
  } catch (error) {
    throw new PackError('an object in the pack is damaged', { cause: error });
  }
}
