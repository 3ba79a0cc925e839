/** Who is let in, before a byte of a body is kept: no stranger, and nobody with more than a share of the memory. */

import type { MiddlewareHandler } from 'hono';
import type { Authenticate } from '../access/authenticate.ts';
import { Refusal } from '../refusal.ts';
import { bodyBoundOf, tooLong } from './limits.ts';

const mebibyte = 1024 * 1024;
/** Of all bodies that are being read or worked on; parsed they take several times as much. */
const room = 32 * mebibyte;
const roomOfOne = 16 * mebibyte;
/** What does not say how long it is counts as this much; it is cut off where the call's own limit is. */
const unknownLength = 2 * mebibyte;

/** A request with a body needs a valid key before the body is read; whether the key is for this call is seen later. */
export function admitBodies(authenticate: Authenticate): MiddlewareHandler {
  const held = new Map<string, number>();
  let all = 0;
  return async (context, next) => {
    const size = announcedSize(context.req.raw);
    if (size === 0) return next();
    const owner = await ownerOf(authenticate, context.req.raw.headers);
    const own = held.get(owner ?? '') ?? 0;
    const { bytes } = bodyBoundOf(context.req.path);
    if (owner !== null && size > bytes && !context.req.raw.headers.has('transfer-encoding')) {
      context.header('Connection', 'close');
      throw tooLong(bytes);
    }
    if (owner === null || all + size > room || own + size > roomOfOne) {
      // What was not read would be taken for the next request.
      context.header('Connection', 'close');
      throw owner === null ? strangers() : tooMuch(own + size > roomOfOne);
    }
    all += size;
    held.set(owner, own + size);
    try {
      await next();
    } finally {
      all -= size;
      const left = (held.get(owner) ?? 0) - size;
      if (left > 0) held.set(owner, left);
      else held.delete(owner);
    }
  };
}

function announcedSize({ headers, method }: Request): number {
  if (method === 'GET' || method === 'HEAD') return 0;
  if (headers.has('transfer-encoding')) return unknownLength;
  return Number(headers.get('content-length') ?? 0);
}

/** Its workspace; a key without one stands for itself. Null: nobody. */
async function ownerOf(authenticate: Authenticate, headers: Headers): Promise<string | null> {
  const principal = await authenticate(headers);
  return principal && (principal.workspaceId ?? principal.keyId);
}

function strangers(): Refusal {
  return new Refusal(401, 'Missing or invalid API key: send it as X-Api-Key, or as Authorization: Bearer');
}

function tooMuch(isOwnFault: boolean): Refusal {
  return isOwnFault
    ? new Refusal(429, 'Too many large requests of this workspace at once: send fewer', { retryAfterSeconds: 2 })
    : new Refusal(503, 'Too many large requests at once: ask again', { retryAfterSeconds: 2 });
}
