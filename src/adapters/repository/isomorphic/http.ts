/** HTTP for isomorphic-git: our credentials, authorities, proxies and time-outs instead of its own client. */
import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git';
import { type Dispatcher, request } from 'undici';
import { brisk } from '../../../git/brisk.ts';
import { answerError, connectionError, dropBody } from '../../../git/http-failure.ts';
import { type Credentials, type CredentialsSource, TransportError } from '../../../git/transport.ts';

export interface IsomorphicHttpOptions {
  readonly credentials?: CredentialsSource;
  readonly dispatcher?: Dispatcher;
  readonly signal?: AbortSignal;
  /** Longest silence of the server. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 120_000;

/** Throws TransportError for everything but a git answer, so that isomorphic-git never sees another one. */
export function isomorphicHttp(options: IsomorphicHttpOptions): HttpClient {
  return {
    request: async (asked) => {
      // Small beside what isomorphic-git holds of it anyway, and it can be sent again with other credentials.
      const body = asked.body ? Buffer.concat(await collect(asked.body)) : null;
      const credentials = (await options.credentials?.(null)) ?? null;
      let answer = await send(asked, body, credentials, options);
      if (answer.statusCode === 401 && options.credentials) {
        await dropBody(answer);
        answer = await send(asked, body, await options.credentials(credentials), options);
      }
      const expected = expectedType(asked.url);
      if (answer.statusCode !== 200 || String(answer.headers['content-type']).split(';')[0] !== expected) {
        throw await answerError(answer, expected);
      }
      return responseOf(asked, answer, options.timeoutMs ?? defaultTimeoutMs);
    },
  };
}

async function send(
  { url, method, headers }: GitHttpRequest,
  body: Buffer | null,
  credentials: Credentials | null,
  { dispatcher, signal, timeoutMs }: IsomorphicHttpOptions,
): Promise<Dispatcher.ResponseData> {
  try {
    return await request(url, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers: { ...headers, ...(credentials ? { authorization: authorization(credentials) } : {}) },
      ...(body ? { body } : {}),
      ...(dispatcher ? { dispatcher } : {}),
      ...(signal ? { signal } : {}),
      ...(timeoutMs ? { headersTimeout: timeoutMs, bodyTimeout: timeoutMs } : {}),
    });
  } catch (error) {
    throw connectionError(error);
  }
}

function responseOf(asked: GitHttpRequest, answer: Dispatcher.ResponseData, timeoutMs: number): GitHttpResponse {
  const headers = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
  return {
    url: asked.url,
    method: asked.method,
    headers: Object.fromEntries(headers),
    body: asked.method === 'POST' ? read(answer, timeoutMs) : wholeList(read(answer, timeoutMs)),
    statusCode: answer.statusCode,
    statusMessage: 'OK',
  };
}

/** Of an empty list isomorphic-git complains, of one that breaks off between two lines it does not. */
async function* wholeList(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let end = '';
  for await (const chunk of chunks) {
    end = (end + Buffer.from(chunk).toString('latin1')).slice(-4);
    yield chunk;
  }
  if (end !== '0000') throw new TransportError('unreachable', 'the list of branches was cut short');
}

async function* read(answer: Dispatcher.ResponseData, timeoutMs: number): AsyncGenerator<Uint8Array> {
  try {
    yield* brisk(answer.body, timeoutMs);
  } catch (error) {
    throw connectionError(error);
  }
}

/** isomorphic-git hands over an iterator, and for a push an array. */
async function collect(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return parts;
}

function expectedType(url: string): string {
  const { pathname, searchParams } = new URL(url);
  const service = searchParams.get('service');
  return service ? `application/x-${service}-advertisement` : `application/x-${pathname.split('/').at(-1)}-result`;
}

function authorization(credentials: Credentials): string {
  if (credentials.kind === 'bearer') return `Bearer ${credentials.token}`;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}
