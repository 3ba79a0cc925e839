/** Git's smart HTTP: one GET that says what a server can do, one POST for each request. */
import { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { brisk } from './brisk.ts';
import { answerError, connectionError, dropBody } from './http-failure.ts';
import { readPackets } from './pkt-line.ts';
import {
  type Credentials,
  type CredentialsSource,
  type GitService,
  type Transport,
  TransportError,
} from './transport.ts';

export interface HttpTransportOptions {
  readonly url: string;
  readonly credentials?: CredentialsSource;
  /** Carries certificates and proxies; one with keep-alive of our own is made where none is given. */
  readonly dispatcher?: Dispatcher;
  /** For messages about a server that is not reached: ` through the proxy of HTTPS_PROXY`. */
  readonly route?: string;
  /** Longest silence of the server, a push with its hooks included. */
  readonly timeoutMs?: number;
  readonly maxAnswerBytes?: number;
  readonly userAgent?: string;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly accept: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Buffer[];
  readonly signal: AbortSignal | undefined;
}

const defaultTimeoutMs = 120_000;
const defaultMaxAnswerBytes = 4 * 1024 ** 3;
const maxAdvertisementBytes = 64 * 1024 ** 2;
const mostRedirects = 5;

export class HttpTransport implements Transport {
  readonly url: string;
  readonly #options: HttpTransportOptions;
  readonly #dispatcher: Dispatcher;
  /** Where requests go; a redirect moves it for good. */
  #base: string;

  constructor(options: HttpTransportOptions) {
    const url = new URL(options.url);
    url.username = '';
    url.password = '';
    this.url = url.href.replace(/\/+$/, '');
    this.#base = this.url;
    this.#options = options;
    this.#dispatcher = options.dispatcher ?? new Agent({ keepAliveTimeout: 60_000, connectTimeout: 15_000 });
  }

  async advertise(service: GitService, signal?: AbortSignal): Promise<Buffer> {
    const answer = await this.#call({
      method: 'GET',
      path: `/info/refs?service=${service}`,
      accept: `application/x-${service}-advertisement`,
      headers: protocolHeader(service),
      body: [],
      signal,
    });
    const chunks: Buffer[] = [];
    for await (const chunk of this.#read(answer, maxAdvertisementBytes)) chunks.push(chunk);
    return withoutServiceLine(Buffer.concat(chunks));
  }

  async *request(service: GitService, body: readonly Buffer[], signal?: AbortSignal): AsyncGenerator<Buffer> {
    const call: Call = {
      method: 'POST',
      path: `/${service}`,
      accept: `application/x-${service}-result`,
      headers: { 'content-type': `application/x-${service}-request`, ...protocolHeader(service) },
      body,
      signal,
    };
    const answer = await this.#call(call).catch((error: unknown) => {
      // A server may close an idle connection just as we use it; only reading may simply be tried again.
      if (service === 'git-receive-pack' || !isClosedSocket(error)) throw error;
      return this.#call(call);
    });
    yield* this.#read(answer, this.#options.maxAnswerBytes ?? defaultMaxAnswerBytes);
  }

  async close(): Promise<void> {
    // What was handed in belongs to whoever made it.
    if (!this.#options.dispatcher) await this.#dispatcher.destroy();
  }

  /** Follows redirects, and asks once more for credentials where they were refused. */
  async #call(call: Call): Promise<Dispatcher.ResponseData> {
    const credentials = (await this.#options.credentials?.(null)) ?? null;
    let answer = await this.#follow(call, credentials);
    if (answer.statusCode === 401 && this.#options.credentials) {
      const renewed = await this.#options.credentials(credentials);
      if (renewed !== null) {
        await dropBody(answer);
        answer = await this.#follow(call, renewed);
      }
    }
    const type = String(answer.headers['content-type'] ?? '');
    if (answer.statusCode === 200 && type.split(';')[0]?.trim() === call.accept) return answer;
    throw await answerError(answer, call.accept);
  }

  async #follow(call: Call, credentials: Credentials | null): Promise<Dispatcher.ResponseData> {
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const answer = await this.#send(call, credentials);
      if (![301, 302, 303, 307, 308].includes(answer.statusCode)) return answer;
      await dropBody(answer);
      this.#redirect(call, String(answer.headers['location'] ?? ''));
    }
    throw new TransportError('unusable', `the server redirected more than ${mostRedirects} times`);
  }

  /** Credentials are ours to give to this server only, so another one is not followed, nor a step down to http. */
  #redirect(call: Call, location: string): void {
    const from = new URL(this.#base + call.path);
    const to = URL.canParse(location, from.href) ? new URL(location, from) : from;
    const upgrade = from.protocol === 'http:' && to.protocol === 'https:' && from.hostname === to.hostname;
    if (to.href === from.href || !to.href.endsWith(call.path) || (to.origin !== from.origin && !upgrade)) {
      throw new TransportError('unusable', `the server redirects to ${to.origin}${to.pathname}; use that address`);
    }
    this.#base = to.href.slice(0, -call.path.length);
  }

  async #send(call: Call, credentials: Credentials | null): Promise<Dispatcher.ResponseData> {
    const length = call.body.reduce((sum, piece) => sum + piece.length, 0);
    try {
      return await request(this.#base + call.path, {
        method: call.method,
        dispatcher: this.#dispatcher,
        headersTimeout: this.#options.timeoutMs ?? defaultTimeoutMs,
        bodyTimeout: this.#options.timeoutMs ?? defaultTimeoutMs,
        headers: {
          accept: call.accept,
          'user-agent': this.#options.userAgent ?? 'git/2.45.0 towpath',
          ...call.headers,
          ...(call.method === 'POST' ? { 'content-length': String(length) } : {}),
          ...(credentials ? { authorization: authorization(credentials) } : {}),
        },
        ...(call.body.length > 0 ? { body: bodyOf(call.body) } : {}),
        ...(call.signal ? { signal: call.signal } : {}),
      });
    } catch (error) {
      throw connectionError(error, this.#options.route);
    }
  }

  async *#read(answer: Dispatcher.ResponseData, maxBytes: number): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of brisk(answer.body, this.#options.timeoutMs ?? defaultTimeoutMs)) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new TransportError('unusable', `the answer is longer than ${maxBytes} bytes`);
        yield chunk;
      }
    } catch (error) {
      throw connectionError(error);
    }
  }
}

function protocolHeader(service: GitService): Readonly<Record<string, string>> {
  return service === 'git-upload-pack' ? { 'git-protocol': 'version=2' } : {};
}

function authorization(credentials: Credentials): string {
  if (credentials.kind === 'bearer') return `Bearer ${credentials.token}`;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

/** One small write travels faster than two; a big pack is not copied for it. */
function bodyOf(pieces: readonly Buffer[]): Buffer | Readable {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return length < 1024 ** 2 ? Buffer.concat(pieces) : Readable.from(pieces);
}

function isClosedSocket(error: unknown): boolean {
  const cause = error instanceof TransportError ? error.cause : undefined;
  return (
    cause instanceof Error && 'code' in cause && ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(String(cause.code))
  );
}

/** HTTP puts a line and a flush before the words that all connections share; some servers only with version 0. */
function withoutServiceLine(bytes: Buffer): Buffer {
  try {
    const [first, second] = readPackets(bytes);
    if (first?.kind !== 'data' || first.payload[0] !== 0x23) return bytes;
    return bytes.subarray(4 + first.payload.length + (second?.kind === 'flush' ? 4 : 0));
  } catch (error) {
    throw new TransportError('unusable', 'the answer is not from a git server', { cause: error });
  }
}
