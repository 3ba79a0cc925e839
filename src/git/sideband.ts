/** Side bands: what a server sends beside the data, progress for people and the one error that ends it all. */
import { lineOf, type Packet, PacketReader } from './pkt-line.ts';
import { TransportError } from './transport.ts';

/** The server ended the conversation with words of its own. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
}

export async function* packetsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Packet> {
  const reader = new PacketReader();
  try {
    for await (const chunk of chunks) yield* reader.feed(chunk);
    reader.end();
  } catch (error) {
    if (error instanceof RangeError) throw new TransportError('unreachable', error.message, { cause: error });
    throw error;
  }
}

/** Throws where a packet says that the server gives up. */
export function refuseError(payload: Buffer): void {
  if (payload.length < 4 || payload.toString('latin1', 0, 4) !== 'ERR ') return;
  throw new RemoteError(plainText(lineOf(payload).slice(4)));
}

/** Collects what a server says to people, so that an error can repeat it. */
export class RemoteText {
  #text = '';
  #fatal: string | null = null;

  /** The band-1 bytes of a side-band packet, or null where it was for people. */
  take(payload: Buffer): Buffer | null {
    const band = payload[0];
    const rest = payload.subarray(1);
    if (band === 1) return rest;
    if (band === 2) this.#text = (this.#text + rest.toString('utf8')).slice(-longestText);
    else if (band === 3) this.#fatal = plainText(rest.toString('utf8'));
    else throw new TransportError('unusable', 'the answer uses a side band that git does not have');
    return null;
  }

  get fatal(): string | null {
    return this.#fatal;
  }

  /** One line, without progress counters. */
  get text(): string {
    return plainText(this.#text);
  }
}

const longestText = 8192;
const longestLine = 600;
const terminalColours = /\u001b\[[0-9;]*[A-Za-z]/g;

/** What a server says, on one line, without control characters and at a length fit for a message. */
export function plainText(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replace(terminalColours, '')
        .replace(/[\u0000-\u0020\u007f]+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '' && !/^(remote: )?\w[\w ]*: +\d+% \(\d+\/\d+\)/.test(line));
  const joined = lines.join('; ');
  return joined.length > longestLine ? `${joined.slice(0, longestLine)}…` : joined;
}
