/** Server-sent events: every change of a workspace's deployments and revisions, as it happens. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { watchKey } from '../../access/key-watch.ts';
import { requireWorkspace, type TowpathEnv } from './access.ts';
import { seats } from './seats.ts';
import type { TowpathServices } from './services.ts';

/** Proxies close what is silent for a minute. */
const keepAliveMs = 15_000;
/** Of one workspace. */
const mostStreams = 100;
/** A reader that falls this far behind is told to read everything anew: nothing is kept for him without end. */
const longestQueue = 10_000;

/**
 * `event: deployment` or `revision` with what changed as JSON, `event: resync` where something may have been missed:
 * read the lists again. Names of events and fields are those of the triggers in the migrations.
 */
export function eventRoutes(services: Pick<TowpathServices, 'authenticate' | 'changes' | 'stopping'>) {
  const { changes, stopping } = services;
  const streams = seats(mostStreams);
  const app = new OpenAPIHono<TowpathEnv>();
  app.get('/towpath/v1/events', (context) => {
    const { principal, workspaceId } = requireWorkspace(context);
    const { headers, method } = context.req.raw;
    // Nobody reads what would follow.
    if (method === 'HEAD') return context.body(null, 200, { 'Content-Type': 'text/event-stream' });
    const seat = streams.take(workspaceId);
    context.header('X-Accel-Buffering', 'no');
    return streamSSE(context, async (stream) => {
      using _ = seat;
      using key = await watchKey(services, principal.keyId, headers);
      const over = AbortSignal.any([stopping, key.revoked]);
      let queue: (string | null)[] = [null];
      let wake = Promise.withResolvers<void>();
      const unsubscribe = changes.subscribe('towpath_workspace', workspaceId, (detail) => {
        if (queue.length >= longestQueue) queue = [null];
        else queue.push(detail);
        wake.resolve();
      });
      stream.onAbort(() => wake.resolve());
      const stop = () => wake.resolve();
      over.addEventListener('abort', stop, { once: true });
      try {
        while (!stream.aborted && !over.aborted) {
          for (const detail of queue.splice(0)) await send(stream, detail);
          const timer = setTimeout(() => wake.resolve(), keepAliveMs);
          await wake.promise;
          clearTimeout(timer);
          wake = Promise.withResolvers();
          if (queue.length > 0) continue;
          await key.check();
          if (!over.aborted) await stream.write(': still here\n\n');
        }
      } finally {
        unsubscribe();
        over.removeEventListener('abort', stop);
      }
    });
  });
  return app;
}

async function send(stream: SSEStreamingApi, detail: string | null): Promise<void> {
  if (detail === null) return stream.writeSSE({ event: 'resync', data: '{}' });
  const { kind, ...data } = JSON.parse(detail) as { kind: string };
  await stream.writeSSE({ event: kind, data: JSON.stringify(data) });
}
