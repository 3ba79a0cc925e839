/** What an API server's refusals and silences mean, in words that say what to do. */
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { askedWaitMs } from '../../core/asked-wait.ts';
import { connectionFault } from '../../domain/connection-fault.ts';
import { TowpathError } from '../../domain/failure.ts';
import { systemWords } from '../../domain/system-words.ts';
import { codeOf } from '../http/connection-code.ts';

interface Refused {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

const terminal: Readonly<Record<number, string>> = {
  400: 'ClusterRefused',
  401: 'ClusterUnauthorized',
  403: 'ClusterForbidden',
  404: 'ClusterNotFound',
  405: 'ClusterRefused',
  409: 'ClusterConflict',
  410: 'ClusterGone',
  422: 'ClusterInvalid',
};

export function refusalOf(server: string, purpose: string, { status, text, headers }: Refused): TowpathError {
  const message = `Cannot ${purpose} at ${server}: ${wordsOf(text) || `it answered ${status}`}${adviceOf(status)}`;
  const reason = terminal[status];
  if (reason !== undefined) return new TowpathError('terminal', reason, message);
  const retryAfterMs = askedWaitMs({ retryAfter: headers['retry-after'], date: headers.date }, Date.now());
  const wait = retryAfterMs === null ? {} : { retryAfterMs };
  return new TowpathError('transient', 'ClusterUnavailable', message, wait);
}

export function unreachable(server: string, purpose: string, cause: unknown): TowpathError {
  const message = `Cannot ${purpose} at ${server}: ${wordsOfCode(codeOf(cause))}`;
  return new TowpathError('transient', 'ClusterUnreachable', message, { cause });
}

/** Codes of OpenSSL about the certificate itself: `DEPTH_ZERO_SELF_SIGNED_CERT`, `CERT_HAS_EXPIRED`. */
const aboutCertificate = /CERT|UNABLE_TO_(?:GET|VERIFY)|ALTNAME|SIGNATURE|^INVALID_(?:CA|PURPOSE)/;

function wordsOfCode(code: string): string {
  if (aboutCertificate.test(code)) {
    return `its certificate is not trusted (${code}); check server, certificate-authority and tls-server-name of the kubeconfig`;
  }
  const why = connectionFault(code);
  return `${why}; check the network, and that this is the address of the API server`;
}

export function unusable(kubeconfig: string | undefined, why: string, cause?: unknown): TowpathError {
  const [what, advice] =
    kubeconfig === undefined
      ? ['the service account of this pod', 'outside a pod name a cluster by cluster.kubeconfig']
      : [`the kubeconfig "${kubeconfig}"`, 'check cluster.kubeconfig and cluster.context'];
  const message = `Cannot use ${what}: ${isMissing(cause) ? 'there is no such file' : (systemWords(cause) ?? parserWords(cause) ?? firstLine(why))}; ${advice}`;
  return new TowpathError('terminal', 'UnusableKubeconfig', message);
}

/** The parser of YAML says it in its own way, with the text that it stumbled over. */
function parserWords(cause: unknown): string | null {
  return cause instanceof Error && cause.name === 'YAMLException' ? 'it is no valid YAML' : null;
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

/** What a parser says after it shows the text itself, which holds tokens and keys. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function adviceOf(status: number): string {
  if (status === 401) return '; check the token or certificate that the listener uses';
  if (status === 403) return '; the Role of the listener lacks it: see templates/install, or ask "towpath doctor"';
  if (status === 404) return '; is its kind installed there? "towpath doctor" tells';
  return '';
}

/** The `message` of a Status object; its `details` may echo what was sent. */
export function wordsOf(text: string): string {
  try {
    const status = z.object({ message: z.string() }).safeParse(JSON.parse(text));
    return status.success ? status.data.message.slice(0, 1_000) : '';
  } catch {
    return '';
  }
}
