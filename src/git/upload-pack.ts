/** Reading from a server by protocol version 2: refs, and packs of just what is asked for. */
import { PackReader, type PackReaderOptions } from './pack-reader.ts';
import { delimiterPacket, flushPacket, lineOf, type Packet, packets, readPackets } from './pkt-line.ts';
import { packetsOf, RemoteError, RemoteText, refuseError } from './sideband.ts';
import { OldProtocolError, type Transport, TransportError } from './transport.ts';

export interface FetchRequest {
  readonly wants: readonly string[];
  /** Commits that we hold with all their trees. */
  readonly haves?: readonly string[];
  /** Commits whose parents we do not hold. */
  readonly shallow?: readonly string[];
  readonly depth?: number;
  /** Only commits from this time on, in seconds. */
  readonly sinceSeconds?: number;
  /** Left out where the server has no filters: then more comes than was asked for. */
  readonly filter?: 'blob:none' | 'tree:0' | `blob:limit=${number}`;
  /**
   * Commits that we hold with all their trees, and that this request goes beyond: to their past, or aside. Told only
   * where the server has no filters, so that it leaves out what they hold.
   */
  readonly beyond?: readonly string[];
  /** Deltas over what we hold may come. */
  readonly thin?: boolean;
  /** False: a pack comes only if each want descends from a have; else what is known of them is answered. */
  readonly done: boolean;
}

interface FetchAnswer {
  /** Those of our haves that the server knows; empty where it was not asked. */
  readonly acknowledged: readonly string[];
  readonly packed: boolean;
}

type PackSink = Pick<PackReaderOptions, 'onObject' | 'findBase' | 'blobs' | 'longestBlob'>;

interface Abilities {
  readonly filter: boolean;
  readonly shallow: boolean;
  /** What we may say of ourselves: a server refuses capabilities that it has not offered. */
  readonly named: readonly string[];
}

const maxRefBytes = 64 * 1024 ** 2;

export class UploadPack {
  readonly #transport: Transport;
  #abilities: Abilities | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Asked for once. */
  async abilities(signal?: AbortSignal): Promise<Abilities> {
    this.#abilities ??= parseAbilities(await this.#transport.advertise('git-upload-pack', signal));
    return this.#abilities;
  }

  /** Full ref names that begin with one of the prefixes, to their ids. */
  async listRefs(prefixes: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    await this.abilities(signal);
    const lines = prefixes.map((prefix) => `ref-prefix ${prefix}\n`);
    const refs = new Map<string, string>();
    let [bytes, ended] = [0, false];
    // Read to its end, or the connection could not be used again.
    for await (const one of this.#command('ls-refs', lines, signal)) {
      ended = one.kind === 'flush';
      if (one.kind !== 'data') continue;
      refuseError(one.payload);
      bytes += one.payload.length;
      if (bytes > maxRefBytes)
        throw new TransportError('unusable', `the list of branches is longer than ${maxRefBytes} bytes`);
      const [id = '', name = ''] = lineOf(one.payload).split(' ');
      if (!/^[0-9a-f]{40}$/.test(id) || name === '')
        throw new TransportError('unreachable', 'the list of branches is damaged');
      refs.set(name, id);
    }
    // A branch that is not listed counts as gone, so a list that breaks off must not count as a list.
    if (!ended) throw new TransportError('unreachable', 'the list of branches was cut short');
    return refs;
  }

  async fetch(request: FetchRequest, sink: PackSink, signal?: AbortSignal): Promise<FetchAnswer> {
    const { filter, shallow } = await this.abilities(signal);
    const beyond = filter || !shallow ? [] : (request.beyond ?? []);
    const lines = [
      'no-progress\n',
      'ofs-delta\n',
      // Without filters a delta may build on a file, which we do not hold.
      ...(request.thin && filter ? ['thin-pack\n'] : []),
      ...(request.filter && filter ? [`filter ${request.filter}\n`] : []),
      ...request.wants.map((id) => `want ${id}\n`),
      ...(shallow ? [...(request.shallow ?? []), ...beyond].map((id) => `shallow ${id}\n`) : []),
      ...(request.depth !== undefined && shallow ? [`deepen ${request.depth}\n`] : []),
      ...(request.sinceSeconds !== undefined && shallow ? [`deepen-since ${request.sinceSeconds}\n`] : []),
      ...[...(request.haves ?? []), ...beyond].map((id) => `have ${id}\n`),
      ...(request.done ? ['done\n'] : []),
    ];
    return readAnswer(this.#command('fetch', lines, signal), sink);
  }

  #command(command: string, lines: readonly string[], signal?: AbortSignal): AsyncGenerator<Packet> {
    const named = this.#abilities?.named ?? [];
    const head = [`command=${command}\n`, ...named.map((capability) => `${capability}\n`)];
    const body = Buffer.concat([packets(head), delimiterPacket, packets(lines), flushPacket]);
    return packetsOf(this.#transport.request('git-upload-pack', [body], signal));
  }
}

function parseAbilities(advertisement: Buffer): Abilities {
  const lines = readPackets(advertisement).flatMap((one) => {
    if (one.kind !== 'data') return [];
    refuseError(one.payload);
    return [lineOf(one.payload)];
  });
  if (lines[0] !== 'version 2') {
    const advice = 'it needs git 2.18 or later and, behind OpenSSH, "AcceptEnv GIT_PROTOCOL"';
    const instead = 'over https and with publication.mode "direct" Towpath reads such a server by isomorphic-git';
    const why = "the server does not speak version 2 of git's protocol";
    throw new OldProtocolError('unusable', `${why}; ${advice}; ${instead}`);
  }
  const format = lines.find((line) => line.startsWith('object-format='));
  if (format !== undefined && format !== 'object-format=sha1') {
    throw new TransportError('unusable', 'the repository uses SHA-256 ids, and only SHA-1 ones are understood');
  }
  const fetch = (lines.find((line) => line.startsWith('fetch=')) ?? '').slice('fetch='.length).split(' ');
  const named = [
    ...(lines.some((line) => line.startsWith('agent=')) ? ['agent=towpath'] : []),
    ...(format === undefined ? [] : [format]),
  ];
  return { filter: fetch.includes('filter'), shallow: fetch.includes('shallow'), named };
}

/** A server that lets only the tips of branches be asked for, as JGit does. */
export function isRefusedWant(error: unknown): boolean {
  return (
    error instanceof RemoteError && /\bwant [0-9a-f]{40} not valid|not our ref|unadvertised object/i.test(error.message)
  );
}

async function readAnswer(packets: AsyncIterable<Packet>, sink: PackSink): Promise<FetchAnswer> {
  const acknowledged: string[] = [];
  const remote = new RemoteText();
  let reader: PackReader | null = null;
  let ended = false;
  for await (const one of packets) {
    ended = one.kind === 'flush';
    if (one.kind !== 'data') continue;
    if (reader) {
      const bytes = remote.take(one.payload);
      if (remote.fatal !== null) throw new RemoteError(remote.fatal);
      if (bytes) reader.feed(bytes);
      continue;
    }
    refuseError(one.payload);
    const line = lineOf(one.payload);
    if (line.startsWith('ACK ')) acknowledged.push(line.slice(4, 44));
    else if (line === 'packfile') reader = new PackReader(sink);
  }
  if (!ended) throw new TransportError('unreachable', 'the answer was cut short');
  reader?.end();
  return { acknowledged, packed: reader !== null };
}
