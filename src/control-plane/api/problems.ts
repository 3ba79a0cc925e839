/** From what was thrown to the answer that clients understand: `{"detail": …}`, never a stack trace or a value. */
import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ZodError } from 'zod';
import type { Log } from '../log.ts';
import { type Issue, Refusal } from '../refusal.ts';
import { unavailable } from '../store/database-failure.ts';

type ZodIssue = ZodError['issues'][number];

interface Validation {
  readonly success: boolean;
  readonly target?: string;
  readonly data?: unknown;
  readonly error?: unknown;
}

/** Beyond these nobody reads on. */
const mostIssues = 100;

/** For `new OpenAPIHono({ defaultHook })`: a request that does not fit its schema is refused as FastAPI refuses it. */
export function refuseInvalid(result: Validation, context: Context): undefined {
  const place = placeOf(result.target);
  if (result.target === 'json') refuseMissingBody(context);
  const issues = [
    ...textIssues(result.data, [place]),
    ...(result.success ? [] : (result.error as ZodError).issues.flatMap((issue) => issuesOf(issue, place))),
  ];
  if (issues.length > 0) throw new Refusal(422, firstOf(issues, place));
}

/** The generator takes a body that is not called JSON for an empty object, which a PATCH would accept. */
function refuseMissingBody({ req }: Context): void {
  const type = req.header('content-type') ?? '';
  if (/^application\/(?:[a-z0-9.-]+\+)?json(?:\s*;|$)/i.test(type)) return;
  const msg = 'Field required: send a JSON body with Content-Type: application/json';
  throw new Refusal(422, [{ loc: ['body'], msg, type: 'missing' }]);
}

function firstOf(issues: readonly Issue[], place: string): readonly Issue[] {
  if (issues.length <= mostIssues) return issues;
  const msg = `And ${issues.length - mostIssues} more problems`;
  return [...issues.slice(0, mostIssues), { loc: [place], msg, type: 'value_error' }];
}

/** For `app.onError`. */
export function answerProblem(log: Log) {
  return (error: Error, context: Context): Response => {
    if (error instanceof Refusal) return answerRefusal(error, context);
    if (error instanceof HTTPException) return answerHttp(error, context);
    // Whoever has gone reads no answer; what broke off because of it is no fault of ours.
    if (context.req.raw.signal.aborted) return new Response(null, { status: clientClosedRequest });
    const request = String(context.get('requestId') ?? crypto.randomUUID());
    const { method, path } = context.req;
    // The cause says what the database said; the error around it would repeat the statement and its values.
    const cause = error instanceof DrizzleQueryError ? (error.cause ?? new Error('unknown')) : error;
    const later = unavailable(cause);
    if (later !== null) {
      log.warn('Could not answer a request now', { request, method, path, error: cause.message });
      return answerRefusal(later, context);
    }
    log.error('Could not answer a request', { request, method, path, error: cause.message, stack: cause.stack });
    return context.json({ detail: `Internal error, request ${request}` }, 500);
  };
}

/** For `app.notFound`: a path that other methods know is 405, and says which. */
export function answerNotFound(app: Hono): (context: Context) => Response {
  let known: readonly KnownRoute[] | undefined;
  return (context) => {
    known ??= app.routes.flatMap(({ method, path }) => (method === 'ALL' ? [] : [{ method, path: pathPattern(path) }]));
    const allowed = new Set(known.filter(({ path }) => path.test(context.req.path)).map(({ method }) => method));
    // Its own handler says so where it found nothing.
    if (allowed.size === 0 || allowed.has(context.req.method)) return context.json({ detail: 'Not Found' }, 404);
    if (allowed.has('GET')) allowed.add('HEAD');
    const allow = [...allowed].sort().join(', ');
    return context.json({ detail: `Method Not Allowed: this path takes ${allow}` }, 405, { Allow: allow });
  };
}

interface KnownRoute {
  readonly method: string;
  readonly path: RegExp;
}

/** `/v2/deployments/:deployment_id` as what it matches. */
function pathPattern(path: string): RegExp {
  const quoted = path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z_]+/g, '[^/]+');
  return new RegExp(`^${quoted}$`);
}

/** As nginx notes it. */
const clientClosedRequest = 499;

function answerRefusal({ detail, retryAfterSeconds, status }: Refusal, context: Context): Response {
  if (retryAfterSeconds !== undefined) context.header('Retry-After', String(retryAfterSeconds));
  return context.json({ detail }, status);
}

function answerHttp(error: HTTPException, context: Context): Response {
  if (error.status === 400 && /malformed json/i.test(error.message)) {
    return context.json({ detail: [{ loc: ['body'], msg: 'JSON decode error', type: 'json_invalid' }] }, 422);
  }
  return context.json({ detail: error.message }, error.status);
}

function placeOf(target: string | undefined): string {
  if (target === 'param') return 'path';
  return target === undefined || target === 'json' ? 'body' : target;
}

function issuesOf(issue: ZodIssue, place: string): Issue[] {
  const loc = [place, ...issue.path.map((part) => (typeof part === 'number' ? part : shorten(String(part))))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      loc: [...loc, shorten(key)],
      msg: 'Extra inputs are not permitted',
      type: 'extra_forbidden',
    }));
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return [{ loc, msg: 'Field required', type: 'missing' }];
  }
  return [{ loc, msg: shorten(messageOf(issue)), type: typeOf(issue) }];
}

/** What is wrong with a key of a map stands one level deeper. */
function messageOf(issue: ZodIssue): string {
  return issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

/** Pydantic's words where clients look at them; `value_error` for the rest. */
function typeOf(issue: ZodIssue): string {
  if (issue.code === 'invalid_type') return `${issue.expected}_type`;
  if (issue.code === 'invalid_value') return 'literal_error';
  if (issue.code === 'too_small') return issue.origin === 'string' ? 'string_too_short' : 'greater_than_equal';
  if (issue.code === 'too_big') return issue.origin === 'array' ? 'too_long' : 'less_than_equal';
  if (issue.code !== 'invalid_format') return 'value_error';
  if (issue.format === 'guid' || issue.format === 'uuid') return 'uuid_parsing';
  return issue.format === 'url' ? 'url_parsing' : 'string_pattern_mismatch';
}

/** Text that no database and no YAML document could hold is refused before anybody tries. */
function textIssues(value: unknown, loc: readonly (string | number)[]): Issue[] {
  if (typeof value === 'string') {
    return /\0/.test(value) || !value.isWellFormed()
      ? [{ loc, msg: 'Text with a NUL character or half a surrogate pair', type: 'value_error' }]
      : [];
  }
  if (Array.isArray(value)) return value.flatMap((item, at) => textIssues(item, [...loc, at]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const inside = [...loc, shorten(key)];
    return [...textIssues(key, inside), ...textIssues(item, inside)];
  });
}

/** An answer need not be as long as the request, nor hold what no text may hold. */
function shorten(text: string): string {
  const safe = text.toWellFormed().replaceAll('\0', '\ufffd');
  return safe.length > 300 ? `${safe.slice(0, 300)}…` : safe;
}
