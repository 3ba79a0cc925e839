/** Pkt-lines: git's framing, four hex digits of length before each piece. */

export type Packet =
  | { readonly kind: 'data'; readonly payload: Buffer }
  | { readonly kind: 'flush' }
  | { readonly kind: 'delimiter' }
  | { readonly kind: 'end' };

export const flushPacket = Buffer.from('0000');
export const delimiterPacket = Buffer.from('0001');

const longestPayload = 65516;

export function packet(payload: string | Buffer): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return Buffer.concat([Buffer.from(lengthDigits(bytes.length)), bytes]);
}

/** Many lines at once: a request may hold ten thousand. */
export function packets(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => lengthDigits(Buffer.byteLength(line)) + line).join(''));
}

function lengthDigits(payloadLength: number): string {
  if (payloadLength > longestPayload) throw new RangeError('Cannot send a packet: it is longer than git allows');
  return (payloadLength + 4).toString(16).padStart(4, '0');
}

/** Takes bytes as they come and gives out whole packets. */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);

  *feed(chunk: Buffer): Generator<Packet> {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      const length = lengthOf(bytes);
      if (length === null || bytes.length < Math.max(4, length)) break;
      const size = Math.max(4, length);
      const piece = bytes.subarray(4, size);
      bytes = bytes.subarray(size);
      this.#rest = bytes;
      yield packetOf(length, piece);
    }
    this.#rest = bytes;
  }

  /** Throws where the bytes ended inside a packet. */
  end(): void {
    if (this.#rest.length > 0) throw new RangeError('the answer ended inside a packet');
  }
}

/** The packets of bytes that are complete. */
export function readPackets(bytes: Buffer): Packet[] {
  const reader = new PacketReader();
  const packets = [...reader.feed(bytes)];
  reader.end();
  return packets;
}

/** A packet's text without the newline that most end in. */
export function lineOf(payload: Buffer): string {
  const end = payload.at(-1) === 0x0a ? payload.length - 1 : payload.length;
  return payload.toString('utf8', 0, end);
}

function lengthOf(bytes: Buffer): number | null {
  if (bytes.length < 4) return null;
  const digits = bytes.toString('latin1', 0, 4);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new RangeError('the answer is not in git packets');
  return Number.parseInt(digits, 16);
}

function packetOf(length: number, payload: Buffer): Packet {
  if (length === 0) return { kind: 'flush' };
  if (length === 1) return { kind: 'delimiter' };
  if (length === 2) return { kind: 'end' };
  if (length === 3) throw new RangeError('the answer holds a packet of an impossible length');
  return { kind: 'data', payload };
}
