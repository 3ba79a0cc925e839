/** Sends one request to a forge and reads its answer: token, time-out, size limit, redirects of renamed repositories. */
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, request } from 'undici';
import { asTowpathError } from '../../../domain/failure.ts';
import { redacted } from '../../../domain/redaction.ts';
import { routeOf } from '../../http/environment-proxy.ts';
import { forgeUnreachable, headerOf, strangeAnswer } from './failure.ts';
import type { ForgeHttpSettings } from './forge-http-settings.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

interface Sending {
  readonly method: Method;
  readonly url: string;
  readonly purpose: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Without the token, should the forge have said it. */
  readonly text: string;
  /** For people. */
  readonly server: string;
}

export type Sender = (sending: Sending) => Promise<RawAnswer>;

/** A hundred pull requests with bodies as long as GitHub allows are 7 MB. */
const answerLimitBytes = 32 * 1024 * 1024;
const mostRedirects = 3;

export function requestSender(settings: ForgeHttpSettings, ending: AbortSignal): Sender {
  const server = serverOf(settings.apiUrl);
  const once = async (sending: Sending): Promise<RawAnswer> => {
    const token = await settings.token();
    const { status, headers, text } = await exchange(settings, ending, sending, token);
    return { status, headers, text: token === '' ? text : text.replaceAll(token, redacted), server };
  };
  return async (sending) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await followed(once, sending);
      if (answer.status !== 401 || !(await settings.onUnauthorized?.(attempt))) return answer;
    }
  };
}

async function followed(once: Sender, sending: Sending): Promise<RawAnswer> {
  let url = sending.url;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await once({ ...sending, url });
    const target = targetOf(sending.method, url, answer);
    if (target === null || redirects === mostRedirects) return answer;
    url = target;
  }
}

/**
 * A repository that was renamed answers 301, to writes, too: nothing was done, so the same request is sent to the new
 * place. A 302 may be anything, such as a page to sign in. Never to another host, which would learn the token.
 */
function targetOf(method: Method, url: string, { status, headers }: RawAnswer): string | null {
  const mayFollow = [301, 307, 308].includes(status) || (status === 302 && method === 'GET');
  const location = headerOf(headers, 'location');
  if (!mayFollow || location === null || !URL.canParse(location, url)) return null;
  const target = new URL(location, url);
  return target.origin === new URL(url).origin ? target.href : null;
}

async function exchange(
  settings: ForgeHttpSettings,
  ending: AbortSignal,
  sending: Sending,
  token: string,
): Promise<Omit<RawAnswer, 'server'>> {
  const began = performance.now();
  let isTold = false;
  const tell = (code: number | 'error'): void => {
    if (!isTold && !ending.aborted) settings.onAnswer?.(code, performance.now() - began);
    isTold = true;
  };
  try {
    const signal = AbortSignal.any([ending, AbortSignal.timeout(settings.timeoutMs ?? 30_000)]);
    const response = await request(sending.url, {
      method: sending.method,
      headers: { ...headersOf(settings, sending, token), ...sending.headers },
      body: sending.body ?? null,
      signal,
      ...(settings.dispatcher ? { dispatcher: settings.dispatcher } : {}),
    });
    tell(response.statusCode);
    const text = await textOf(response.body, settings, sending);
    return { status: response.statusCode, headers: response.headers, text };
  } catch (cause) {
    tell('error');
    throw (
      asTowpathError(cause) ??
      forgeUnreachable(
        { purpose: sending.purpose, server: `${serverOf(settings.apiUrl)}${routeOf(settings.apiUrl, settings.proxy)}` },
        cause,
      )
    );
  }
}

function headersOf(settings: ForgeHttpSettings, { body }: Sending, token: string): Readonly<Record<string, string>> {
  return {
    accept: 'application/json',
    'user-agent': settings.userAgent ?? 'towpath',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...settings.headers,
    ...(settings.authorization?.(token) ?? { authorization: `Bearer ${token}` }),
  };
}

async function textOf(
  body: Dispatcher.ResponseData['body'],
  settings: ForgeHttpSettings,
  { purpose }: Sending,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= answerLimitBytes) continue;
    throw strangeAnswer({ purpose, server: serverOf(settings.apiUrl) }, 'its answer is longer than 32 MiB');
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An address may carry a password. */
export function serverOf(apiUrl: string): string {
  const { origin, pathname } = new URL(apiUrl);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}
