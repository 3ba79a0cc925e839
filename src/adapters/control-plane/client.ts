/** One HTTPS client for a control plane: key, private CA, time-outs, classed failures, checked answers. */
import { statSync } from 'node:fs';
import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { askedWaitMs } from '../../core/asked-wait.ts';
import { connectionFault } from '../../domain/connection-fault.ts';
import { TowpathError } from '../../domain/failure.ts';
import { readConfiguredFileSync, secretLineOf, whyUnreadable } from '../files/configured-file.ts';
import { codeOf } from '../http/connection-code.ts';
import { routeOf } from '../http/environment-proxy.ts';
import { openDispatcher } from '../http/http-dispatcher.ts';
import { wholeWithin } from '../http/whole-answer.ts';

export interface ControlPlaneConnection {
  /** Without a closing slash. */
  readonly url: string;
  /** One of the two; the file is read again when it changes. */
  readonly apiKeyFile?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly workspaceId?: string | undefined;
  readonly caFile?: string | undefined;
  /** For one request, on top of what a long poll waits. */
  readonly timeoutMs?: number;
  /** Told of each answer, by its HTTP status, or `error` where none came; not of what was given up here. */
  readonly onAnswer?: ((code: number | 'error', durationMs: number) => void) | undefined;
}

export interface Call<Answer> {
  /** What is being done, for messages: "read the specification". */
  readonly purpose: string;
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  readonly answer: z.ZodType<Answer>;
  /** How long the server may think before it answers. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ControlPlaneClient {
  call<Answer>(call: Call<Answer>): Promise<Answer>;
  close(): Promise<void>;
}

/** A specification may carry a thousand containers, but not a film. */
const answerLimitBytes = 64 * 1024 * 1024;

export function connectToControlPlane(connection: ControlPlaneConnection): ControlPlaneClient {
  const timeoutMs = connection.timeoutMs ?? 30_000;
  const readKey = keyReader(connection);
  const settings = { caFile: connection.caFile, caOption: 'controlPlane.caFile' };
  const connectTimeout = Math.min(timeoutMs, 10_000);
  const agent = openDispatcher(settings, { connections: 32, keepAliveTimeout: 30_000, connectTimeout });
  return {
    call: async (call) => {
      const headers = headersOf(connection, readKey(), call.body !== undefined);
      const wait = timeoutMs + (call.waitMs ?? 0);
      const response = await send(agent, connection, call, headers, wait);
      const text = await readBody(connection, call, response);
      if (response.statusCode >= 300) throw refusal(connection, call, response, text);
      return parseAnswer(connection, call, text);
    },
    // A second closing is no mistake: whoever holds a client may end it.
    close: () => agent.destroy(),
  };
}

async function send<Answer>(
  agent: Dispatcher,
  connection: ControlPlaneConnection,
  call: Call<Answer>,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Dispatcher.ResponseData> {
  const url = new URL(`${connection.url}${call.path}`);
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, String(value));
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  const options = {
    dispatcher: agent,
    method: call.method ?? 'GET',
    headers,
    body,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  };
  const began = performance.now();
  const tell = (code: number | 'error'): void => connection.onAnswer?.(code, performance.now() - began);
  try {
    const response = await request(url, { ...options, signal: wholeWithin(timeoutMs, call.signal) });
    tell(response.statusCode);
    return response;
  } catch (error) {
    if (!call.signal?.aborted) tell('error');
    throw unreachable(connection, call, error);
  }
}

async function readBody<Answer>(
  connection: ControlPlaneConnection,
  call: Call<Answer>,
  response: Dispatcher.ResponseData,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > answerLimitBytes) throw new RangeError('the answer is longer than 64 MiB');
    }
  } catch (error) {
    throw unreachable(connection, call, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseAnswer<Answer>(connection: ControlPlaneConnection, call: Call<Answer>, text: string): Answer {
  let json: unknown = null;
  try {
    json = text === '' ? null : JSON.parse(text);
  } catch {
    throw strange(connection, call, 'its answer is no JSON; is this the address of a control plane, or of a proxy?');
  }
  const parsed = call.answer.safeParse(json);
  if (parsed.success) return parsed.data;
  // Paths and rules only: an answer may hold secret values.
  const problems = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.') || 'answer'}: ${issue.code}`);
  throw strange(connection, call, `its answer is not what was expected (${problems.join('; ')})`);
}

function strange<Answer>(connection: ControlPlaneConnection, call: Call<Answer>, why: string): TowpathError {
  return new TowpathError('transient', 'StrangeAnswer', `Cannot ${call.purpose} at ${connection.url}: ${why}`);
}

function unreachable<Answer>(connection: ControlPlaneConnection, call: Call<Answer>, error: unknown): TowpathError {
  const code = codeOf(error);
  const route = routeOf(connection.url);
  const why = `${connectionFault(code)}${route && '; check the proxy, or name the host in NO_PROXY'}`;
  const message = `Cannot ${call.purpose} at ${connection.url}${route}: ${why}`;
  return new TowpathError('transient', 'ControlPlaneUnreachable', message, { cause: error });
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Refused',
  401: 'Unauthorized',
  403: 'Forbidden',
  409: 'StaleTerm',
  413: 'Refused',
  422: 'Refused',
};

function refusal<Answer>(
  connection: ControlPlaneConnection,
  call: Call<Answer>,
  response: Dispatcher.ResponseData,
  text: string,
): TowpathError {
  const status = response.statusCode;
  const advice = status === 401 || status === 403 ? '; check the API key, its workspace and the listener id' : '';
  const message = `Cannot ${call.purpose} at ${connection.url}: it answered ${status}${detailOf(text)}${advice}`;
  // What is not there may come yet, or a proxy may be wrong for a while: nobody gives up because of it.
  if (status === 404) return new TowpathError('transient', 'NotFound', message);
  const reason = reasons[status];
  if (reason !== undefined) return new TowpathError('terminal', reason, message);
  const { 'retry-after': retryAfter, date } = response.headers;
  const retryAfterMs = askedWaitMs({ retryAfter, date }, Date.now());
  if (retryAfterMs !== null) return new TowpathError('waiting', 'AskedToWait', message, { retryAfterMs });
  return new TowpathError('transient', status === 429 ? 'TooManyRequests' : 'ControlPlaneFailed', message);
}

/** The server's own words where it gives a plain `detail`; a 422 echoes input, which may be a secret. */
function detailOf(text: string): string {
  try {
    const detail = z.object({ detail: z.string() }).safeParse(JSON.parse(text));
    return detail.success ? ` (${detail.data.detail.slice(0, 300)})` : '';
  } catch {
    return '';
  }
}

function headersOf(
  connection: ControlPlaneConnection,
  key: string,
  hasBody: boolean,
): Readonly<Record<string, string>> {
  return {
    accept: 'application/json',
    'x-api-key': key,
    'user-agent': 'towpath',
    ...(connection.workspaceId ? { 'x-tenant-id': connection.workspaceId } : {}),
    ...(hasBody ? { 'content-type': 'application/json' } : {}),
  };
}

/** Reads the key file again when its time or size changed, so that a rotated key needs no restart. */
function keyReader({ apiKey, apiKeyFile }: ControlPlaneConnection): () => string {
  if (apiKeyFile === undefined) return () => apiKey ?? '';
  let stamp = '';
  let key = '';
  return () => {
    try {
      const { mtimeMs, size, ino } = statSync(apiKeyFile);
      const now = `${mtimeMs} ${size} ${ino}`;
      if (now !== stamp) key = secretLineOf(readConfiguredFileSync(apiKeyFile));
      stamp = now;
    } catch (error) {
      // A mounted Secret is swapped in two steps; a key that was read before still serves.
      if (key === '') throw unreadable(apiKeyFile, error);
    }
    return key;
  };
}

function unreadable(file: string, cause: unknown): TowpathError {
  const message = `Cannot read the API key from "${file}": ${whyUnreadable(cause)}; check controlPlane.apiKeyFile`;
  return new TowpathError('transient', 'MissingApiKey', message, { cause });
}
