/** How HTTP leaves this process: private certificate authorities, proxies and a count, as an undici dispatcher. */
import { type Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { TowpathError } from '../../domain/failure.ts';
import { trustedAuthorities } from '../files/certificate-file.ts';
import { EnvironmentProxyAgent } from './environment-proxy.ts';

export interface DispatcherSettings {
  /** PEM of a private certificate authority, trusted beside the public ones. */
  readonly caFile?: string | undefined;
  /** The option that names it, for messages. */
  readonly caOption?: string | undefined;
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

/** Close it when it is no longer needed. Throws terminal `InvalidAuthority` or `InvalidProxy`. */
export function openDispatcher(settings: DispatcherSettings, more: Agent.Options = {}): Dispatcher {
  const { caFile, caOption = 'caFile', proxy } = settings;
  const tls = caFile === undefined ? {} : { ca: trustedAuthorities(caFile, caOption) };
  const options = { ...common, ...more, connect: tls, requestTls: tls, proxyTls: tls };
  try {
    if (proxy === undefined) return new EnvironmentProxyAgent(options);
    return new EnvHttpProxyAgent({ ...options, httpProxy: proxy, httpsProxy: proxy, noProxy: '' });
  } catch (cause) {
    const what = proxy === undefined ? 'HTTPS_PROXY or HTTP_PROXY' : 'the configured proxy';
    throw new TowpathError('terminal', 'InvalidProxy', `Cannot use ${what}: expected http://host:port`, { cause });
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
