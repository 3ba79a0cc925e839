/** How much a request may carry, and how deeply nested. */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Refusal } from '../refusal.ts';

const mebibyte = 1024 * 1024;
/** Far deeper than any Kubernetes object, far flatter than what overflows a stack. */
const deepest = 100;

export function limitBody(mebibytes: number): MiddlewareHandler {
  return bodyLimit({
    maxSize: mebibytes * mebibyte,
    onError: () => {
      throw new Refusal(413, `Cannot take a request of more than ${mebibytes} MiB`);
    },
  });
}

/** Runs before anything walks through the body. */
export function limitDepth(): MiddlewareHandler {
  return async (context, next) => {
    if (context.req.header('content-type')?.includes('json') && depthOf(await context.req.text()) > deepest) {
      const msg = `Nested more than ${deepest} levels deep`;
      throw new Refusal(422, [{ loc: ['body'], msg, type: 'value_error' }]);
    }
    await next();
  };
}

/** Counts brackets outside of strings; whether it is JSON at all is for the parser to say. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (quoted) {
      if (character === 0x5c) at += 1;
      else if (character === 0x22) quoted = false;
    } else if (character === 0x22) quoted = true;
    else if (character === 0x5b || character === 0x7b) most = Math.max(most, ++depth);
    else if (character === 0x5d || character === 0x7d) depth -= 1;
  }
  return most;
}
