/** What watches over a process asks here: /metrics for Prometheus, /healthz and /readyz for the kubelet; no key is needed. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { redact } from '../../domain/redaction.ts';
import { messages } from '../failure-text.ts';
import { type RunningServer, type ServerSettings, startServer } from './http-server.ts';

/** For people, a line a reason. */
export interface Health {
  /** Why only a restart would help (a loop that stands still); empty: it lives. */
  readonly dead: readonly string[];
  /** Why it cannot do its work now, though it may by itself later; empty: it leads, or stands by as it should. */
  readonly unready: readonly string[];
}

export type HealthQuestion = 'does it live' | 'is it ready';

interface MonitoringSettings extends Pick<ServerSettings, 'host' | 'port' | 'named'> {
  readonly metrics: () => Promise<string>;
  /** Whether it lives must be answered at once, whatever else is away: the kubelet does not wait for long. */
  readonly health: (question: HealthQuestion) => Health | Promise<Health>;
}

export function startMonitoring(settings: MonitoringSettings): Promise<RunningServer> {
  const { metrics, health, ...where } = settings;
  const pages: Readonly<Record<string, () => Promise<Page>>> = {
    '/metrics': async () => ({ status: 200, type: metricsType, text: await metrics() }),
    '/healthz': async () => verdict((await health('does it live')).dead),
    '/readyz': async () => {
      const { dead, unready } = await health('is it ready');
      return verdict([...dead, ...unready]);
    },
  };
  return startServer({ ...where, limits }, (request, response) => void answer(pages, request, response));
}

/** Anybody may ask, who reaches the port. */
const limits = { requestMs: 10_000, connections: 100 };

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

function verdict(reasons: readonly string[]): Page {
  return reasons.length === 0 ? plain(200, 'ok') : plain(503, redact(reasons.join('\n')));
}

function plain(status: number, text: string): Page {
  return { status, type: 'text/plain; charset=utf-8', text: `${text}\n` };
}

async function answer(
  pages: Readonly<Record<string, () => Promise<Page>>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, type, text } = await pageFor(pages, request);
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : text);
}

async function pageFor(
  pages: Readonly<Record<string, () => Promise<Page>>>,
  { method, url = '/' }: IncomingMessage,
): Promise<Page> {
  const path = url.split('?')[0] ?? url;
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return plain(404, `There is only ${Object.keys(pages).join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'Only GET is answered');
  try {
    return await page();
  } catch (error) {
    return plain(500, redact(messages(error).join(': ')));
  }
}
