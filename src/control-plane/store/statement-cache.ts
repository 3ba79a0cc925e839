/**
 * Prepared statements for PGlite, which parses each query anew in six calls into its WebAssembly: with them a query that
 * was seen before is one call, and costs a quarter. Sits between PGlite's queries and the wire protocol that they speak.
 */
import type { PGlite } from '@electric-sql/pglite';

type Messages = Awaited<ReturnType<PGlite['execProtocolStream']>>;

interface Statement {
  readonly key: string;
  readonly name: string;
  /** Parameters and columns, as Postgres described them the first time. */
  described: Messages | null;
  uses: number;
}

const mostStatements = 300;
/** A longer text has a number of values of its own, and does not come back. */
const longestMessage = 16 * 1024;
/** A plan is made for the tables as they are. So that none outlives their growth, statements are prepared again. */
const renewAfter = 500;

const letters = { parse: 0x50, bind: 0x42, describe: 0x44, execute: 0x45, sync: 0x53, close: 0x43 } as const;
const statementKind = 0x53;

/** Call it when the tables are as they shall be; whatever does not look like a query goes through untouched. */
export function keepStatements(client: PGlite): void {
  const send = client.execProtocolStream.bind(client);
  const conversation = new Conversation((message, options) => send(message, options));
  client.execProtocolStream = (message, options) => conversation.take(Buffer.from(message), options);
}

type Options = Parameters<PGlite['execProtocolStream']>[1];
type Send = (message: Uint8Array, options: Options) => Promise<Messages>;

/** One query at a time: PGlite says parse, describe, bind, describe, execute and sync, one after another. */
class Conversation {
  readonly #send: Send;
  readonly #statements = new Map<string, Statement>();
  #current: Statement | null = null;
  #bound: Buffer | null = null;
  #isSynced = false;
  #names = 0;

  constructor(send: Send) {
    this.#send = send;
  }

  async take(message: Buffer, options: Options): Promise<Messages> {
    const letter = isSingle(message) ? message[0] : undefined;
    if (letter === letters.parse) return this.#parse(message, options);
    const current = this.#current;
    if (letter === letters.sync) return this.#sync(message, options);
    if (current === null) return this.#send(message, options);
    if (letter === letters.describe) return this.#describe(current, message, options);
    if (letter === letters.execute && this.#bound) return this.#execute(this.#bound, message, options);
    if (letter !== letters.bind) return this.#send(message, options);
    this.#bound = withName(message, 6, current.name);
    return [];
  }

  async #parse(message: Buffer, options: Options): Promise<Messages> {
    this.#current = null;
    this.#bound = null;
    const isUnnamed = message[5] === 0;
    if (!isUnnamed || message.length > longestMessage) return this.#send(message, options);
    const key = message.toString('latin1');
    const known = this.#statements.get(key);
    if (known && known.uses < renewAfter) {
      known.uses += 1;
      this.#current = known;
      return [];
    }
    const tooMany = this.#statements.size >= mostStatements ? this.#statements.values().next().value : undefined;
    const parting = known ?? tooMany;
    if (parting) this.#statements.delete(parting.key);
    const name = `towpath_${++this.#names}`;
    const parse = withName(message, 5, name);
    const answer = await this.#send(parting ? Buffer.concat([closing(parting.name), parse]) : parse, options);
    this.#current = { key, name, described: null, uses: 1 };
    this.#statements.set(key, this.#current);
    return answer;
  }

  /** PGlite describes the statement, for its parameters, and the portal, for the same columns once more. */
  async #describe(current: Statement, message: Buffer, options: Options): Promise<Messages> {
    if (message[5] !== statementKind) return current.described ?? this.#send(message, options);
    current.described ??= await this.#send(withName(message, 6, current.name), options);
    return current.described;
  }

  /** With the end of the query at once, on which Postgres begins to listen again after an error. */
  #execute(bound: Buffer, message: Buffer, options: Options): Promise<Messages> {
    this.#bound = null;
    this.#isSynced = true;
    return this.#send(Buffer.concat([bound, message, packet(letters.sync, Buffer.alloc(0))]), options);
  }

  async #sync(message: Buffer, options: Options): Promise<Messages> {
    const isDone = this.#isSynced;
    this.#isSynced = false;
    this.#current = null;
    this.#bound = null;
    return isDone ? [] : this.#send(message, options);
  }
}

function isSingle(message: Buffer): boolean {
  return message.length > 4 && message.readUInt32BE(1) === message.length - 1;
}

/** The message with `name` written before the empty name's end at `at`. */
function withName(message: Buffer, at: number, name: string): Buffer {
  const body = Buffer.concat([message.subarray(5, at), Buffer.from(name), message.subarray(at)]);
  return packet(message[0] ?? 0, body);
}

function closing(name: string): Buffer {
  return packet(letters.close, Buffer.from(`S${name}\0`));
}

function packet(letter: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(letter);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
