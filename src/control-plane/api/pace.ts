/** How fast one key may ask: a loop that does not wait between its questions is told to, before it costs anything. */
import type { MiddlewareHandler } from 'hono';
import { hashKey } from '../access/api-key.ts';
import { Refusal } from '../refusal.ts';

/** What a key may ask at once after a time of rest, in seconds of its usual pace. */
const burstSeconds = 50;
/** A listener asks of every revision, each once: after a restart of thousands. */
const listenerFactor = 10;
const mostKeys = 10_000;

interface Bucket {
  left: number;
  at: number;
}

export function limitPace(perSecond: number, now: () => number = () => performance.now()): MiddlewareHandler {
  const buckets = new Map<string, Bucket>();
  return async (context, next) => {
    const { headers } = context.req.raw;
    const text = headers.get('x-api-key') ?? headers.get('authorization');
    if (text !== null && !takeOne(buckets, hashKey(text), pace(text, perSecond), now())) {
      const message = `This API key asks more than ${perSecond} times a second: wait between questions, or follow /towpath/v1/events`;
      throw new Refusal(429, message, { retryAfterSeconds: 1 });
    }
    await next();
  };
}

function pace(key: string, perSecond: number): number {
  return key.includes('tp_lst_') ? perSecond * listenerFactor : perSecond;
}

function takeOne(buckets: Map<string, Bucket>, id: string, perSecond: number, now: number): boolean {
  const most = perSecond * burstSeconds;
  const bucket = buckets.get(id) ?? { left: most, at: now };
  if (buckets.size >= mostKeys && !buckets.has(id)) buckets.clear();
  buckets.set(id, bucket);
  bucket.left = Math.min(most, bucket.left + ((now - bucket.at) / 1000) * perSecond);
  bucket.at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}
