/** How much a request may carry, in bytes, values and levels: looked at before anything walks through the body. */
import { setImmediate } from 'node:timers/promises';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Refusal } from '../refusal.ts';

/** What a call takes. Each stands in the OpenAPI document, on the call's body. */
interface BodyBound {
  readonly bytes: number;
  /** Strings, numbers, lists, objects and names of fields, at any level. */
  readonly values: number;
  readonly levels: number;
}

/** The public API: a megabyte of secrets, escaped as JSON, and the rest. */
const publicBody: BodyBound = { bytes: 2 * 1024 * 1024, values: 20_000, levels: 100 };
/** A listener's reports, which come in batches. */
const reportsBody: BodyBound = { bytes: 2 * 1024 * 1024, values: 40_000, levels: 20 };
/** Keys, workspaces and the like: a few names. */
const smallBody: BodyBound = { bytes: 64 * 1024, values: 1_000, levels: 20 };

/** By the path of the call, below `/api-host` or not. */
export function bodyBoundOf(path: string): BodyBound {
  if (!/^(?:\/api-host)?\/towpath\//.test(path)) return publicBody;
  return path.endsWith('/reports') ? reportsBody : smallBody;
}

export function limitBody(): MiddlewareHandler {
  const limits = new Map([publicBody, reportsBody, smallBody].map((bound) => [bound, bytesLimit(bound)]));
  return async (context, next) => limits.get(bodyBoundOf(context.req.path))?.(context, next);
}

function bytesLimit({ bytes }: BodyBound): MiddlewareHandler {
  return bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw tooLong(bytes);
    },
  });
}

export function tooLong(bytes: number): Refusal {
  return new Refusal(413, `Cannot take a request of more than ${bytes / 1024} KiB`);
}

/** Runs before anything walks through the body: parsers and schemas take their time for each value. */
export function limitShape(): MiddlewareHandler {
  return async (context, next) => {
    if (!context.req.header('content-type')?.includes('json')) return next();
    const problem = shapeProblem(await context.req.text(), bodyBoundOf(context.req.path));
    if (problem !== null) throw new Refusal(422, [{ loc: ['body'], msg: problem, type: 'value_error' }]);
    // Reading a long body takes one turn of the event loop, and understanding it another.
    await setImmediate();
    await next();
  };
}

const quote = 0x22;
const backslash = 0x5c;

/** Counts brackets, commas and colons outside of strings; whether it is JSON at all is for the parser to say. */
function shapeProblem(text: string, { values, levels }: BodyBound): string | null {
  let level = 0;
  let seen = 1;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === quote) at = endOfString(text, at);
    else if (character === 0x5b || character === 0x7b) {
      level += 1;
      seen += 1;
      if (level > levels) return `Nested more than ${levels} levels deep`;
    } else if (character === 0x5d || character === 0x7d) level -= 1;
    else if (character === 0x2c || character === 0x3a) seen += 1;
    if (seen > values) return `Holds more than ${values} values`;
  }
  return null;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length && text.charCodeAt(at) !== quote; at += 1) {
    if (text.charCodeAt(at) === backslash) at += 1;
  }
  return at;
}
