/** How HTTP leaves this process: private certificate authorities, proxies and a count, as an undici dispatcher. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { TowpathError } from '../domain/failure.ts';

export interface DispatcherSettings {
  /** PEM of a private certificate authority, trusted beside the public ones. */
  readonly caFile?: string | undefined;
  /** For every host; without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. */
  readonly proxy?: string | undefined;
}

const common = {
  connectTimeout: 20_000,
  /** A pass comes every minute: a connection that is kept saves its TLS handshake. */
  keepAliveTimeout: 65_000,
  keepAliveMaxTimeout: 600_000,
  headersTimeout: 180_000,
  bodyTimeout: 180_000,
  // One request after the other is all that a lane sends; HTTP/2 would gain nothing here.
  allowH2: false,
};

/** Close it when it is no longer needed. */
export async function openDispatcher(settings: DispatcherSettings): Promise<Dispatcher> {
  const ca = settings.caFile ? [...getCACertificates('default'), ...(await readAuthorities(settings.caFile))] : null;
  const tls = ca ? { ca } : {};
  const proxy = settings.proxy ? { httpProxy: settings.proxy, httpsProxy: settings.proxy, noProxy: '' } : {};
  try {
    return new EnvHttpProxyAgent({ ...common, ...proxy, connect: tls, requestTls: tls, proxyTls: tls });
  } catch (cause) {
    throw new TowpathError(
      'terminal',
      'InvalidProxy',
      `Cannot use ${settings.proxy ? 'the configured proxy' : 'HTTPS_PROXY or HTTP_PROXY'}: expected http://host:port`,
      { cause },
    );
  }
}

/** `code` is the HTTP status, or `error` where none came; a request that its sender gave up is not told. */
export type OnAnswer = (code: number | 'error', durationMs: number) => void;

/** The same dispatcher, which tells of each answer once its head is there; whatever is sent by it is counted. */
export function countedDispatcher(dispatcher: Dispatcher, onAnswer: OnAnswer): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => dispatch(options, counted(handler, onAnswer)));
}

function counted(handler: Dispatcher.DispatchHandler, onAnswer: OnAnswer): Dispatcher.DispatchHandler {
  const began = performance.now();
  let isTold = false;
  const tell = (code: number | 'error'): void => {
    // A connection may break after the head of an answer, too: that is one answer all the same.
    if (!isTold) onAnswer(code, performance.now() - began);
    isTold = true;
  };
  return {
    onRequestStart: (...values) => handler.onRequestStart?.(...values),
    onRequestUpgrade: (...values) => handler.onRequestUpgrade?.(...values),
    onResponseStart(controller, code, headers, text) {
      // 100 and 103 only announce the answer.
      if (code >= 200) tell(code);
      handler.onResponseStart?.(controller, code, headers, text);
    },
    onResponseData: (...values) => handler.onResponseData?.(...values),
    onResponseEnd: (...values) => handler.onResponseEnd?.(...values),
    onResponseError(controller, error) {
      if (error.name !== 'AbortError') tell('error');
      handler.onResponseError?.(controller, error);
    },
    onResponseStarted: () => handler.onResponseStarted?.(),
    onBodySent: (...values) => handler.onBodySent?.(...values),
    onRequestSent: () => handler.onRequestSent?.(),
  };
}

async function readAuthorities(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new TowpathError('terminal', 'InvalidAuthority', `Cannot read caFile ${path}: ${reason(cause)}`, { cause });
  });
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (cause) {
    throw new TowpathError('terminal', 'InvalidAuthority', `Cannot use caFile ${path}: a certificate is damaged`, {
      cause,
    });
  }
  if (certificates.length > 0) return certificates;
  throw new TowpathError(
    'terminal',
    'InvalidAuthority',
    `Cannot use caFile ${path}: it holds no PEM certificate (-----BEGIN CERTIFICATE-----)`,
  );
}

function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'it does not exist' : String(cause);
}
