/** Unpacks the zlib streams of a pack: thousands of small ones, which do not say how long they are. */
import { constants, createInflate, type Inflate as InflateStream, inflateSync } from 'node:zlib';

/** What a stream unpacks to, and how many bytes of the input it took. */
export interface Inflated {
  readonly body: Buffer;
  readonly consumed: number;
}

/**
 * `size` is what the stream has to unpack to. Null where the input ends before the stream does; throws where the
 * stream is damaged or of another size.
 */
type Inflate = (input: Buffer, start: number, size: number) => Inflated | null;

/** The native part of one of Node's zlib streams. */
interface Handle {
  reset(): void;
  writeSync(...args: [number, Buffer, number, number, Buffer, number, number]): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface Engine {
  readonly handle: Handle;
  /** After each write: room left in the output, bytes left of the input. */
  readonly left: Uint32Array;
  /** Owns the handle. */
  readonly stream: InflateStream;
  failure: { readonly message: string; readonly code: string } | null;
}

// Bodies stand one after the other in a piece of memory: one for each would cost more than its unpacking.
const slabBytes = 32 * 1024;

/** The fastest way that this Node has. */
export function makeInflate(): Inflate {
  return inflateWithOneHandle() ?? inflateWithPublicCalls;
}

/**
 * Setting up zlib for each stream costs several times what unpacking a small one does, and Node's public calls cannot
 * use it again. Null where this Node is not built as we know it: then the public calls do, only slower.
 */
export function inflateWithOneHandle(): Inflate | null {
  const engine = openEngine();
  if (engine === null) return null;
  let slab: Buffer = Buffer.alloc(0);
  let filled = 0;
  return (input, start, size) => {
    // The byte behind the end stays untouched unless the stream is longer than it should be.
    if (filled + size + 1 > slab.length) {
      slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, size + 1));
      filled = 0;
    }
    write(engine, input, start, slab, filled, size + 1);
    const [roomLeft = 0, inputLeft = 0] = engine.left;
    const { failure } = engine;
    if (failure?.code === 'Z_BUF_ERROR') return null;
    if (failure !== null) throw new Error(failure.message);
    if (roomLeft !== 1) throw wrongSize();
    const body = slab.subarray(filled, filled + size);
    filled += size;
    return { body, consumed: input.length - start - inputLeft };
  };
}

export function inflateWithPublicCalls(input: Buffer, start: number, size: number): Inflated | null {
  try {
    // One byte more than needed spares zlib a second round; `info` tells how much of the input was used.
    const options = { chunkSize: Math.max(64, size + 1), maxOutputLength: size + 1, info: true };
    const { buffer, engine } = inflateSync(input.subarray(start), options) as unknown as WithInfo;
    if (buffer.length !== size) throw wrongSize();
    return { body: buffer, consumed: engine.bytesWritten };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR') return null;
    throw error;
  }
}

/** What `inflateSync` answers with `info`, which the type definitions do not know. */
interface WithInfo {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function wrongSize(): Error {
  return new Error('it is not as long as it says');
}

/** Unpacks one stream as it comes, and keeps nothing of it. */
export interface Skip {
  /** How many bytes of the input it took; throws where the stream is damaged. */
  feed(input: Buffer, start: number): number;
  /** Null until the stream has ended: then how long its content was. */
  readonly length: number | null;
}

const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** Null where this Node is not built as we know it: then the whole has to be held. */
export function makeSkip(): Skip | null {
  const engine = openEngine();
  if (engine === null) return null;
  engine.handle.reset();
  let unpacked = 0;
  let length: number | null = null;
  const feed = (input: Buffer, start: number): number => {
    let at = start;
    while (length === null && at < input.length) {
      engine.failure = null;
      engine.handle.writeSync(constants.Z_NO_FLUSH, input, at, input.length - at, scratch, 0, scratch.length);
      // What `write` sets is set from within.
      const failure = engine.failure as Engine['failure'];
      if (failure !== null) throw new Error(failure.message);
      const [roomLeft = 0, inputLeft = 0] = engine.left;
      unpacked += scratch.length - roomLeft;
      at = input.length - inputLeft;
      // Only the end of a stream leaves both.
      if (roomLeft > 0 && inputLeft > 0) length = unpacked;
    }
    return at - start;
  };
  return {
    feed,
    get length() {
      return length;
    },
  };
}

function write(engine: Engine, input: Buffer, start: number, output: Buffer, at: number, room: number): void {
  engine.failure = null;
  engine.handle.reset();
  engine.handle.writeSync(constants.Z_FINISH, input, start, input.length - start, output, at, room);
}

/** Looks before it touches, and tries out a cut stream, a damaged one and, after both, a sound one. */
function openEngine(): Engine | null {
  try {
    const stream = createInflate();
    const { _handle: handle, _writeState: left } = stream as unknown as { _handle: Handle; _writeState: Uint32Array };
    if (!(left instanceof Uint32Array) || typeof handle.writeSync !== 'function') return null;
    const engine: Engine = { handle, left, stream, failure: null };
    handle.onerror = (message, _errno, code) => {
      engine.failure = { message, code };
    };
    return works(engine) ? engine : null;
  } catch {
    return null;
  }
}

// "abc", and what follows it in a pack.
const sample = Buffer.from('789c4b4c4a0600024d0127ffff', 'hex');

function works(engine: Engine): boolean {
  const output = Buffer.alloc(5);
  const tries = (input: Buffer): string => {
    write(engine, input, 0, output, 1, 4);
    return engine.failure ? engine.failure.code : `${output.toString('latin1', 1, 4)} ${engine.left.join(' ')}`;
  };
  const damaged = Buffer.from(sample);
  damaged[10] = 0;
  return (
    tries(sample.subarray(0, 8)) === 'Z_BUF_ERROR' && tries(damaged) === 'Z_DATA_ERROR' && tries(sample) === 'abc 1 2'
  );
}
