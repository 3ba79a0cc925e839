/** Forges tell of changes here: POST /webhook, signed; what is not signed learns nothing and wakes nobody. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readWebhook, type WebhookEvent } from '../../core/webhook-event.ts';
import { isSigned } from '../../core/webhook-signature.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { Log } from '../../ports.ts';
import { type RunningServer, type ServerSettings, startServer } from './http-server.ts';

export type ChangedEvent = Extract<WebhookEvent, { kind: 'changed' }>;

export interface WebhookSettings extends Pick<ServerSettings, 'host' | 'port' | 'named'> {
  /** Asked for each request, so that a new one counts at once. */
  readonly secret: () => Promise<string>;
  /** True where somebody was woken. */
  readonly onChange: (event: ChangedEvent) => boolean;
  readonly log: Log;
  /** Instead of 5 MB and 30 s, for tests. */
  readonly limits?: { readonly bodyBytes: number; readonly requestMs: number };
}

export const webhookPath = '/webhook';

/** A push of many commits makes some hundred kilobytes; what is larger is told by the next look. */
const usualLimits = { bodyBytes: 5_000_000, requestMs: 30_000 };
const mostConnections = 100;

export function startWebhooks(settings: WebhookSettings): Promise<RunningServer> {
  const { host, port, named, limits = usualLimits } = settings;
  const answers = { ...settings, complain: complaints(settings.log), bodyBytes: limits.bodyBytes };
  return startServer(
    { host, port, named, limits: { requestMs: limits.requestMs, connections: mostConnections } },
    (request, response) => void answer(answers, request, response),
  );
}

interface Answering extends Pick<WebhookSettings, 'secret' | 'onChange' | 'log'> {
  readonly complain: Complain;
  readonly bodyBytes: number;
}

interface Answer {
  readonly status: number;
  readonly text?: string;
}

async function answer(settings: Answering, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, text } = await answerFor(settings, request).catch((): Answer => ({ status: 400 }));
  // What was not read to its end would be taken for the next request.
  const headers = request.complete ? {} : { connection: 'close' };
  response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(text === undefined ? undefined : `${text}\n`);
}

async function answerFor(settings: Answering, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').split('?')[0];
  if (path !== webhookPath) return { status: 404, text: `There is only ${webhookPath}` };
  if (request.method !== 'POST') return { status: 405, text: 'Only POST is answered' };
  const body = await bodyOf(request, settings.bodyBytes);
  if (body === null) return { status: 413, text: `The body is larger than ${settings.bodyBytes} bytes` };
  const secret = await secretOf(settings);
  if (secret === null) return { status: 503, text: 'Webhooks cannot be checked now' };
  if (!isSigned(request.headers, body, secret)) {
    settings.complain('Refused webhooks: their signature is missing or wrong; compare the secret at the forge');
    return { status: 401, text: 'Unauthorized' };
  }
  return heard(settings, readWebhook(request.headers, body.toString('utf8')));
}

function heard({ onChange }: Answering, event: WebhookEvent | null): Answer {
  switch (event?.kind) {
    case undefined:
      return { status: 400, text: 'The body is no JSON object' };
    case 'ping':
      return { status: 200, text: 'Towpath listens' };
    case 'other':
      return { status: 202, text: 'Nothing that Towpath looks at' };
    case 'changed':
      return onChange(event) ? { status: 204 } : { status: 202, text: 'Nothing that this listener looks at' };
    default:
      return event satisfies never;
  }
}

/** Null: it is too large. Rejects where the sender goes away. */
async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > most) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop would destroy the socket before the answer is out.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > most) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

async function secretOf({ secret, complain }: Answering): Promise<string | null> {
  try {
    return await secret();
  } catch (error) {
    const problem = error instanceof TowpathError ? error.message : 'its secret cannot be read';
    complain('Cannot check webhooks', { problem });
    return null;
  }
}

type Complain = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

const complaintMs = 60_000;

/** Whoever reaches the port could fill the log: the same sentence comes once a minute, with a count of the others. */
function complaints(log: Log): Complain {
  const last = new Map<string, { at: number; unsaid: number }>();
  return (message, fields = {}) => {
    const known = last.get(message);
    const now = performance.now();
    if (known !== undefined && now - known.at < complaintMs) {
      known.unsaid += 1;
      return;
    }
    last.set(message, { at: now, unsaid: 0 });
    log.warn(message, { ...fields, ...(known?.unsaid ? { sinceTheLast: known.unsaid } : {}) });
  };
}
