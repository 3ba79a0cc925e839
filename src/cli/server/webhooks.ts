/** Forges tell of changes here: POST /webhook, signed; what is not signed learns nothing and wakes nobody. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readWebhook, type WebhookEvent } from '../../core/webhook/event.ts';
import { isSigned } from '../../core/webhook/signature.ts';
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
  /** Instead of the usual ones, for tests. */
  readonly limits?: Partial<Limits>;
}

interface Limits {
  readonly bodyBytes: number;
  /** Of all bodies that are being read: strangers must not fill the memory before it is known that they are. */
  readonly bodiesBytes: number;
  readonly requestMs: number;
}

const webhookPath = '/webhook';

/** A push of many commits makes some hundred kilobytes; what is larger is told by the next look. */
const usualLimits: Limits = { bodyBytes: 5_000_000, bodiesBytes: 30_000_000, requestMs: 30_000 };
const mostConnections = 100;

export function startWebhooks(settings: WebhookSettings): Promise<RunningServer> {
  const { host, port, named } = settings;
  const { bodyBytes, bodiesBytes, requestMs } = { ...usualLimits, ...settings.limits };
  const answers = { ...settings, complain: complaints(settings.log), bodyBytes, room: { bytes: bodiesBytes } };
  return startServer(
    { host, port, named, limits: { requestMs, connections: mostConnections } },
    (request, response) => void answer(answers, request, response),
  );
}

interface Answering extends Pick<WebhookSettings, 'secret' | 'onChange' | 'log'> {
  readonly complain: Complain;
  readonly bodyBytes: number;
  /** What is left of it. */
  readonly room: { bytes: number };
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
  const secret = await secretOf(settings);
  if (secret === null) return { status: 503, text: 'Webhooks cannot be checked now' };
  const body = await bodyOf(request, settings);
  if (body === 'large') return { status: 413, text: `The body is larger than ${settings.bodyBytes} bytes` };
  if (body === 'crowded') {
    settings.complain('Refused webhooks: too many large ones come at once; whoever sends them may be no forge');
    return { status: 503, text: 'Too much comes at once' };
  }
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

/** Rejects where the sender goes away. */
async function bodyOf(request: IncomingMessage, { bodyBytes, room }: Answering): Promise<Buffer | 'large' | 'crowded'> {
  if (Number(request.headers['content-length'] ?? 0) > bodyBytes) return 'large';
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop would destroy the socket before the answer is out.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const { length } = chunk as Buffer;
      size += length;
      room.bytes -= length;
      if (size > bodyBytes) return 'large';
      if (room.bytes < 0) return 'crowded';
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  } finally {
    room.bytes += size;
  }
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
