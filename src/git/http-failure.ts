/** What failed HTTP answers and broken connections mean to whoever wanted git. */
import type { Dispatcher } from 'undici';
import { plainText } from './sideband.ts';
import { TransportError, type TransportFailure } from './transport.ts';

const longestBody = 4096;
const longestDropped = 128 * 1024;
const bodyPatienceMs = 2_000;

/** For an answer that is not the git answer that was asked for. */
export async function answerError(answer: Dispatcher.ResponseData, expected: string): Promise<TransportError> {
  const { statusCode: status, headers } = answer;
  const type = String(headers['content-type'] ?? 'no content type');
  const said = type.startsWith('text/plain') ? plainText(await firstBytes(answer)) : '';
  if (!said) await dropBody(answer);
  if (status === 200) {
    return new TransportError('unusable', `the server answered ${type} instead of ${expected}; is this a git address?`);
  }
  const text = said ? `${meaningOf(status)} (HTTP ${status}: ${said})` : `${meaningOf(status)} (HTTP ${status})`;
  const asked = headers['retry-after'];
  if (asked === undefined) return new TransportError(failureOfStatus(status), text);
  const askedWait = { retryAfter: String(asked), date: headers['date']?.toString() };
  return new TransportError(failureOfStatus(status), text, { askedWait });
}

/** Of an answer that says enough without it; one that has no end soon costs its connection. */
export async function dropBody({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump({ limit: longestDropped, signal: AbortSignal.timeout(bodyPatienceMs) }).catch(() => undefined);
}

/** For what went wrong below HTTP; `route` is added to the words where the server was not reached. */
export function connectionError(error: unknown, route = ''): TransportError {
  if (error instanceof TransportError) return error;
  const known = wordsOf(codeOf(error));
  if (known) return new TransportError(known.failure, `${known.text}${route}`, { cause: error });
  const message = error instanceof Error ? plainText(error.message) : '';
  return new TransportError('unreachable', `${message || 'the connection failed'}${route}`, { cause: error });
}

function failureOfStatus(status: number): TransportFailure {
  if (status === 401) return 'auth';
  if (status === 403 || status === 413 || status === 451) return 'denied';
  if (status === 404 || status === 410) return 'missing';
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'unreachable';
  return 'unusable';
}

function meaningOf(status: number): string {
  if (status === 401) return 'the server did not accept the credentials';
  if (status === 403) return 'the server does not allow it';
  if (status === 404 || status === 410)
    return 'the server knows no such repository, or hides it from these credentials';
  if (status === 407) return 'the proxy wants credentials';
  if (status === 413) return 'the server does not take that much at once';
  if (status === 429) return 'the server wants fewer requests';
  if (status >= 500) return 'the server is in trouble';
  return 'the server did not answer as a git server does';
}

function wordsOf(code: string): { readonly failure: TransportFailure; readonly text: string } | null {
  if (/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/.test(code)) {
    const text = `it does not speak HTTPS there (${code}); write http://, or the port of HTTPS`;
    return { failure: 'unusable', text };
  }
  if (/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS_CERT|ERR_SSL|HOSTNAME_MISMATCH)/.test(code)) {
    const text = `the server's certificate is not trusted (${code}); name the right CA in the configuration`;
    return { failure: 'unusable', text };
  }
  const text = unreachableWords[code];
  return text === undefined ? null : { failure: 'unreachable', text };
}

const unreachableWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at that address',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'the server did not answer in time',
  UND_ERR_BODY_TIMEOUT: "the server's answer stopped midway",
  UND_ERR_ABORTED: 'the request was cancelled',
  ABORT_ERR: 'the request was cancelled',
  20: 'the request was cancelled',
};

function codeOf(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    const code = 'code' in current ? String(current.code) : '';
    if (code !== '') return code;
    if (current instanceof AggregateError) return codeOf(current.errors[0]);
  }
  return '';
}

async function firstBytes(answer: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const late = setTimeout(() => answer.body.destroy(), bodyPatienceMs);
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes >= longestBody) break;
    }
  } catch {
    // The status has said enough.
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks).toString('utf8', 0, longestBody);
}
