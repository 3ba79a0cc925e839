/** One git command on an SSH channel: its advertisement, then one exchange. */

import type { ClientChannel } from 'ssh2';
import { brisk } from './brisk.ts';
import { failureOf, type GitFailure } from './failure.ts';
import { plainText } from './sideband.ts';
import { type GitService, TransportError, type TransportFailure } from './transport.ts';

const complaintLimit = 4_096;
const advertisementLimit = 64 * 1024 * 1024;
const sliceBytes = 256 * 1024;

export interface SshSession {
  readonly service: GitService;
  /** Pkt-lines up to the first flush and with it. */
  readonly advertisement: Buffer;
  /** False once the server has hung up. */
  usable(): boolean;
  exchange(body: readonly Buffer[], signal?: AbortSignal): AsyncIterable<Buffer>;
  close(): void;
}

/** Reads the advertisement; throws what the server said instead of one. */
export async function beginSession(
  channel: ClientChannel,
  service: GitService,
  idleTimeoutMs: number,
  signal?: AbortSignal,
): Promise<SshSession> {
  const wire = new Wire(channel, service, idleTimeoutMs);
  const release = wire.cancelWith(signal);
  try {
    const advertisement = await wire.readAdvertisement();
    return {
      service,
      advertisement,
      usable: () => wire.usable,
      exchange: (body, cancel) => exchange(wire, body, cancel),
      close: () => wire.close(),
    };
  } catch (error) {
    wire.close();
    throw error;
  } finally {
    release();
  }
}

async function* exchange(wire: Wire, body: readonly Buffer[], signal?: AbortSignal): AsyncIterable<Buffer> {
  const release = wire.cancelWith(signal);
  try {
    wire.send(body);
    yield* wire.rest();
  } finally {
    release();
    wire.close();
  }
}

/** A channel as a pull source, with the reason of its end. */
class Wire {
  readonly #channel: ClientChannel;
  readonly #service: GitService;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #timer: NodeJS.Timeout;
  readonly #ended: Promise<void>;
  /** Closing a channel waits for the other side to agree; a silent one never does. */
  readonly #interrupted = Promise.withResolvers<void>();
  #left = Buffer.alloc(0);
  #complaint = '';
  #exitCode: number | null = null;
  #failure: TransportError | null = null;
  #closed = false;

  constructor(channel: ClientChannel, service: GitService, idleTimeoutMs: number) {
    this.#channel = channel;
    this.#service = service;
    this.#chunks = brisk(channel as AsyncIterable<Buffer>, idleTimeoutMs);
    this.#timer = setTimeout(() => this.#fail(`${service} said nothing for ${idleTimeoutMs / 1000} s`), idleTimeoutMs);
    this.#timer.unref();
    channel.stderr.on('data', (chunk: Buffer) => {
      this.#heard();
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-complaintLimit);
    });
    channel.on('exit', (code: number | null) => {
      this.#exitCode = code;
    });
    channel.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      channel.on('close', () => {
        this.#closed = true;
        clearTimeout(this.#timer);
        resolve();
      });
    });
  }

  get usable(): boolean {
    return !this.#closed && this.#exitCode === null && this.#failure === null;
  }

  async readAdvertisement(): Promise<Buffer> {
    let read = Buffer.alloc(0);
    for (;;) {
      const end = flushEnd(read);
      if (end === 'garbage') {
        throw new TransportError('unusable', `the server answered ${this.#service} with something that is not git`);
      }
      if (end !== null) {
        this.#left = read.subarray(end);
        return read.subarray(0, end);
      }
      const chunk = await this.#next();
      if (chunk === null) throw this.#refusal(read);
      read = Buffer.concat([read, chunk]);
      if (read.length > advertisementLimit) throw new TransportError('unusable', 'the list of refs has no end');
    }
  }

  /** Everything at once: git reads while we write, and we read while it does. */
  send(body: readonly Buffer[]): void {
    const heard = (): void => this.#heard();
    for (const part of body) {
      // In slices, so that a large pack on a slow line shows progress and is not taken for silence.
      for (let at = 0; at < part.length; at += sliceBytes)
        this.#channel.write(part.subarray(at, at + sliceBytes), heard);
    }
    this.#channel.end();
  }

  async *rest(): AsyncIterable<Buffer> {
    let answered = this.#left.length > 0;
    if (answered) yield this.#left;
    for (;;) {
      const chunk = await this.#next();
      if (chunk === null) break;
      answered = true;
      yield chunk;
    }
    await Promise.race([this.#ended, this.#interrupted.promise]);
    if (this.#failure) throw this.#failure;
    if (this.#exitCode === null) throw this.#cut();
    if (this.#exitCode !== 0 && !answered) throw this.#refusal(Buffer.alloc(0));
  }

  cancelWith(signal: AbortSignal | undefined): () => void {
    const cancel = (): void => this.#fail('the request was cancelled', signal?.reason);
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel);
    return () => signal?.removeEventListener('abort', cancel);
  }

  close(): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#channel.close();
  }

  async #next(): Promise<Buffer | null> {
    const next = await Promise.race([this.#chunks.next(), this.#interrupted.promise]);
    if (this.#failure) throw this.#failure;
    this.#heard();
    return !next || next.done ? null : next.value;
  }

  #heard(): void {
    // A timer that was cleared would begin anew.
    if (!this.#closed) this.#timer.refresh();
  }

  #fail(why: string, cause?: unknown): void {
    this.#failure ??= new TransportError('unreachable', why, { cause });
    this.#interrupted.resolve();
    this.#channel.close();
  }

  #cut(): TransportError {
    return this.#failure ?? new TransportError('unreachable', `the connection was cut during ${this.#service}`);
  }

  #refusal(read: Buffer): TransportError {
    if (this.#failure) return this.#failure;
    const said = errorLine(read) ?? this.#complaint.trim();
    if (said === '' && this.#exitCode === null) return this.#cut();
    return refusalOf(this.#service, this.#exitCode, said);
  }
}

/** Where the first flush packet ends; null when more has to be read. */
function flushEnd(read: Buffer): number | null | 'garbage' {
  let at = 0;
  while (at + 4 <= read.length) {
    const header = read.toString('latin1', at, at + 4);
    if (!/^[0-9a-f]{4}$/i.test(header)) return 'garbage';
    const length = Number.parseInt(header, 16);
    if (length === 0) return at + 4;
    at += Math.max(length, 4);
  }
  return null;
}

/** `ERR <text>`: how a forge refuses inside the protocol. */
function errorLine(read: Buffer): string | null {
  const match = /^[0-9a-f]{4}ERR ([^\n]*)/i.exec(read.toString('utf8'));
  return match?.[1] ?? null;
}

function refusalOf(service: GitService, exitCode: number | null, said: string): TransportError {
  const message = `${service} was refused by the server: ${plainText(said) || `it ended with ${exitCode}`}`;
  // The shell's own words ("git-upload-pack: not found") would pass for a missing repository.
  if (exitCode === 126 || exitCode === 127) return new TransportError('unusable', message);
  return new TransportError(failures[failureOf(said)], message);
}

const failures: Readonly<Record<GitFailure, TransportFailure>> = {
  auth: 'auth',
  denied: 'denied',
  policy: 'denied',
  missing: 'missing',
  moved: 'unreachable',
  transient: 'unreachable',
};
