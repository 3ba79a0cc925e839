/** Writing to a server: one pack and one or many refs, each moved only from the id that we say it has. */
import { noObject } from './object-id.ts';
import { flushPacket, lineOf, packet, readPackets } from './pkt-line.ts';
import { packetsOf, RemoteError, RemoteText, refuseError } from './sideband.ts';
import { type Transport, TransportError } from './transport.ts';

export interface RefUpdate {
  /** Full name, `refs/heads/main`. */
  readonly ref: string;
  /** Forty zeros: the ref must not exist. */
  readonly oldId: string;
  /** Forty zeros: the ref goes. */
  readonly newId: string;
}

export interface PushReport {
  /** Null: all refs moved. Else what the server says, about the pack or about one of the refs. */
  readonly refused: string | null;
  /** What else the server told people, hooks above all. */
  readonly remoteText: string;
}

export interface EachReport {
  /** Null: the pack was taken. Else what the server says about it, and then no ref moved. */
  readonly pack: string | null;
  /** In the order of the updates; `refused` null: it moved. */
  readonly refs: readonly { readonly ref: string; readonly refused: string | null }[];
  readonly remoteText: string;
}

interface Report {
  readonly unpack: string;
  /** What the server says of each ref; null where it moved. */
  readonly refs: ReadonlyMap<string, string | null>;
  readonly remoteText: string;
}

export class ReceivePack {
  readonly #transport: Transport;
  #capabilities: ReadonlySet<string> | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * All refs or none. Returns a clear answer or throws; after a TransportError of kind `unreachable` nobody knows whether the refs
   * moved. The server's abilities are asked for once; the old ids make every push safe without asking again.
   */
  async push(updates: readonly RefUpdate[], pack: Buffer | null, signal?: AbortSignal): Promise<PushReport> {
    const { unpack, refs, remoteText } = await this.#send(updates, pack, updates.length > 1 ? ['atomic'] : [], signal);
    const refused = refusedPack(unpack) ?? [...refs.values()].find((said) => said !== null) ?? null;
    if (refused === null && !updates.every(({ ref }) => refs.has(ref))) {
      throw new TransportError('unreachable', 'the report on the push was cut short');
    }
    return { refused, remoteText };
  }

  /** The same, but each ref by itself: those that are refused do not hold up the others. */
  async pushEach(updates: readonly RefUpdate[], pack: Buffer | null, signal?: AbortSignal): Promise<EachReport> {
    const deletes = updates.some(({ newId }) => newId === noObject);
    if (deletes && !(await this.#advertised(signal)).has('delete-refs')) {
      throw new TransportError('denied', 'the server lets nobody delete branches');
    }
    const { unpack, refs, remoteText } = await this.#send(updates, pack, [], signal);
    const saidOf = (ref: string): string | null => {
      const said = refs.get(ref);
      return said === undefined ? (refusedPack(unpack) ?? 'the server says nothing about it') : said;
    };
    return { pack: refusedPack(unpack), refs: updates.map(({ ref }) => ({ ref, refused: saidOf(ref) })), remoteText };
  }

  async #send(
    updates: readonly RefUpdate[],
    pack: Buffer | null,
    needed: readonly string[],
    signal?: AbortSignal,
  ): Promise<Report> {
    const capabilities = await this.#advertised(signal);
    const wanted = ['report-status', 'side-band-64k', ...needed];
    const missing = wanted.find((capability) => !capabilities.has(capability) && capability !== 'side-band-64k');
    if (missing !== undefined) throw new TransportError('unusable', `the server cannot push with "${missing}"`);
    const named = [...capabilities].some((capability) => capability.startsWith('agent=')) ? ['agent=towpath'] : [];
    const used = [...wanted.filter((capability) => capabilities.has(capability)), ...named];
    const commands = updates.map(({ ref, oldId, newId }, index) =>
      packet(`${oldId} ${newId} ${ref}${index === 0 ? `\0 ${used.join(' ')}` : ''}\n`),
    );
    const body = [Buffer.concat([...commands, flushPacket]), ...(pack ? [pack] : [])];
    const answer = this.#transport.request('git-receive-pack', body, signal);
    return readReport(answer, capabilities.has('side-band-64k'));
  }

  async #advertised(signal?: AbortSignal): Promise<ReadonlySet<string>> {
    this.#capabilities ??= parseCapabilities(await this.#transport.advertise('git-receive-pack', signal));
    return this.#capabilities;
  }
}

function parseCapabilities(advertisement: Buffer): ReadonlySet<string> {
  const first = readPackets(advertisement).find((one) => one.kind === 'data' && !isVersion(one.payload));
  if (first?.kind !== 'data') throw new TransportError('unusable', 'the server offers no way to push');
  refuseError(first.payload);
  const capabilities = new Set(lineOf(first.payload).split('\0')[1]?.split(' ') ?? []);
  const format = [...capabilities].find((capability) => capability.startsWith('object-format='));
  if (format !== undefined && format !== 'object-format=sha1') {
    throw new TransportError('unusable', 'the repository uses SHA-256 ids, and only SHA-1 ones are understood');
  }
  return capabilities;
}

function isVersion(payload: Buffer): boolean {
  return lineOf(payload) === 'version 1';
}

async function readReport(answer: AsyncIterable<Buffer>, sideBands: boolean): Promise<Report> {
  const remote = new RemoteText();
  const banded: Buffer[] = [];
  const lines: string[] = [];
  for await (const one of packetsOf(answer)) {
    if (one.kind !== 'data') continue;
    refuseError(one.payload);
    if (!sideBands) lines.push(lineOf(one.payload));
    else banded.push(remote.take(one.payload) ?? Buffer.alloc(0));
  }
  for (const one of readPackets(Buffer.concat(banded))) if (one.kind === 'data') lines.push(lineOf(one.payload));
  if (lines.length === 0 && remote.fatal !== null) throw new RemoteError(remote.fatal);
  if (lines.length === 0) throw new TransportError('unreachable', 'the answer held no report on the push');
  const [unpack = '', ...refs] = lines;
  return { unpack, refs: new Map(refs.map(saidOfRef)), remoteText: remote.text };
}

function refusedPack(unpack: string): string | null {
  return unpack === 'unpack ok' ? null : `unpacker error: ${unpack.replace(/^unpack /, '')}`;
}

/** `ok refs/heads/main` or `ng refs/heads/main the reason`. */
function saidOfRef(line: string): readonly [string, string | null] {
  const [word, ref = '', ...reason] = line.split(' ');
  return [ref, word === 'ok' ? null : reason.join(' ') || 'refused without a reason'];
}
