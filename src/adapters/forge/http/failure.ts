/** What the refusals and silences of Gitea, GitHub and GitLab mean: one class each, in words that say what to do. */

import type { IncomingHttpHeaders } from 'node:http';
import { askedWaitMs, boundedWaitMs, longestLimitMs, longestWaitMs, serverTimeMs } from '../../../core/asked-wait.ts';
import { plainLine } from '../../../core/plain-line.ts';
import { connectionFault } from '../../../domain/connection-fault.ts';
import { TowpathError } from '../../../domain/failure.ts';
import { textAt } from '../../../domain/object-fields.ts';
import { redact } from '../../../domain/redaction.ts';
import { codeOf } from '../../http/connection-code.ts';

interface ForgeRefusal {
  /** What was tried: `open a pull request for "towpath/agent"`. */
  readonly purpose: string;
  /** For people: the API's URL without credentials. */
  readonly server: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** A page for people came instead of JSON. */
  readonly isPage: boolean;
  readonly now: Date;
  /** How often its limit has refused the like of this right before. */
  readonly limits?: number;
}

/** Of an answer that is no success. */
export function forgeFailure(refusal: ForgeRefusal): TowpathError {
  const { status } = refusal;
  if (status === 401) return unauthorized(refusal);
  if (isRateLimit(refusal)) return rateLimited(refusal);
  if (refusal.isPage) return strangeAnswer(refusal, `it answered ${status} with a page instead of JSON`);
  if (status >= 500 || status === 408 || isReadOnlyInstance(refusal)) return unwell(refusal);
  if (status >= 300 && status < 400) return moved(refusal);
  if (status === 423 || (status === 403 && isArchived(refusal))) return archived(refusal);
  if (status === 403 || status === 451) return forbidden(refusal);
  if (status === 404) return missing(refusal);
  if (status === 405 || status === 409) return notMergeable(refusal);
  return terminal(refusal, 'ForgeInvalid', wordsOf(refusal));
}

/** Of no answer, or half of one. */
export function forgeUnreachable(about: Pick<ForgeRefusal, 'purpose' | 'server'>, cause: unknown): TowpathError {
  const code = codeOf(cause);
  const why = connectionFault(code);
  const advice = /CERT|UNABLE_TO_(?:GET|VERIFY)|ALTNAME/.test(code)
    ? '; name the authority of its certificate by caFile'
    : '; it is tried again';
  return new TowpathError('transient', 'ForgeUnreachable', `${beginning(about)}: ${why}${advice}`, { cause });
}

/** An answer that is not what the API's description promises. */
export function strangeAnswer(about: Pick<ForgeRefusal, 'purpose' | 'server'>, why: string): TowpathError {
  const message = `${beginning(about)}: ${why}; is apiUrl the address of the forge’s API, or does a proxy answer?`;
  return new TowpathError('transient', 'ForgeUnreachable', message);
}

function unauthorized(refusal: ForgeRefusal): TowpathError {
  return terminal(
    refusal,
    'ForgeUnauthorized',
    `${wordsOf(refusal)}; the token is wrong, expired or revoked: renew it`,
  );
}

/**
 * GitHub's primary limit answers 403 or 429 with nothing left; its secondary one tells by Retry-After or by words, that on
 * new content by 422, too.
 */
export function isRateLimit({ status, headers, body }: Pick<ForgeRefusal, 'status' | 'headers' | 'body'>): boolean {
  if (status === 429) return true;
  if (status !== 403 && status !== 422) return false;
  if (messagesOf(body).some(tellsLimit)) return true;
  if (status === 422) return false;
  return headerOf(headers, 'x-ratelimit-remaining') === '0' || headerOf(headers, 'retry-after') !== null;
}

export function tellsLimit(message: string): boolean {
  return /secondary rate limit|abuse detection|rate limit exceeded|submitted too quickly/i.test(message);
}

function rateLimited(refusal: ForgeRefusal): TowpathError {
  // GitHub wants at least a minute, and ever more where that does not help.
  const retryAfterMs = waitMs(refusal, longestLimitMs) ?? Math.min(60_000 * 2 ** (refusal.limits ?? 0), longestLimitMs);
  const seconds = Math.ceil(retryAfterMs / 1000);
  const message = `${beginning(refusal)}: ${wordsOf(refusal)}; its limit of requests is used up for ${seconds} s`;
  return new TowpathError('waiting', 'ForgeRateLimited', message, { retryAfterMs });
}

/** Null: it says nothing. */
function waitMs({ headers, now }: ForgeRefusal, mostMs: number): number | null {
  const [retryAfter, date] = [headerOf(headers, 'retry-after'), headerOf(headers, 'date')];
  if (retryAfter !== null) return askedWaitMs({ retryAfter, date }, now.getTime(), mostMs);
  // GitHub tells with every answer when its hour ends, which is the end of a wait only where nothing is left of it.
  const isLeft = Number(headerOf(headers, 'x-ratelimit-remaining') ?? 0) > 0;
  const reset = isLeft ? null : (headerOf(headers, 'x-ratelimit-reset') ?? headerOf(headers, 'ratelimit-reset'));
  return boundedWaitMs(untilReset(reset, serverTimeMs(date, now.getTime())), mostMs);
}

/** Seconds since 1970; a small number can only be seconds from now. */
function untilReset(text: string | null, nowMs: number): number {
  if (text === null || !/^\d+$/.test(text)) return Number.NaN;
  const seconds = Number(text);
  return seconds < 1_000_000_000 ? seconds * 1000 : seconds * 1000 - nowMs;
}

function isReadOnlyInstance({ status, body }: ForgeRefusal): boolean {
  return status === 403 && /read-only (?:instance|gitlab)|maintenance mode/i.test(messagesOf(body).join(' '));
}

function unwell(refusal: ForgeRefusal): TowpathError {
  const retryAfterMs = waitMs(refusal, longestWaitMs);
  const message = `${beginning(refusal)}: ${wordsOf(refusal)}; it is tried again`;
  return new TowpathError('transient', 'ForgeUnreachable', message, retryAfterMs === null ? {} : { retryAfterMs });
}

function moved(refusal: ForgeRefusal): TowpathError {
  const location = headerOf(refusal.headers, 'location');
  const where = location === null ? 'elsewhere' : `to ${plainLine(redact(location))}`;
  const words = `it answered ${refusal.status}, ${where}; put the repository’s present address into the configuration`;
  return terminal(refusal, 'ForgeMissing', words);
}

function isArchived({ body }: ForgeRefusal): boolean {
  return /archived|read-only/i.test(messagesOf(body).join(' '));
}

function archived(refusal: ForgeRefusal): TowpathError {
  return terminal(
    refusal,
    'ForgeArchived',
    `${wordsOf(refusal)}; the repository is archived: take it out of the archive`,
  );
}

function forbidden(refusal: ForgeRefusal): TowpathError {
  const scope = missingScope(refusal);
  const advice = outsideCause(refusal) ?? (scope === null ? 'the token lacks a right' : `the token lacks ${scope}`);
  return terminal(refusal, 'ForgeForbidden', `${wordsOf(refusal)}; ${advice}`);
}

/** What no right of the token would help against; GitHub names rights all the same. */
function outsideCause({ body }: ForgeRefusal): string | null {
  const words = messagesOf(body).join(' ');
  if (/SAML enforcement/i.test(words)) return 'authorize the token for the organization’s single sign-on';
  if (/IP allow list/i.test(words)) return 'put the address that the listener is seen by onto the allow list';
  return /has been suspended/i.test(words) ? 'let the owner of the organization unsuspend it' : null;
}

/** GitHub tells by a header (fine-grained tokens and Apps by another), GitLab by a field, Gitea in its message. */
function missingScope({ headers, body }: ForgeRefusal): string | null {
  const permissions = headerOf(headers, 'x-accepted-github-permissions');
  if (permissions) return `one of the permissions ${plainLine(permissions)}`;
  const has = (headerOf(headers, 'x-oauth-scopes') ?? '').split(/,\s*/);
  // The header names alternatives, also where the refusal has another cause than the scope.
  const accepted = headerOf(headers, 'x-accepted-oauth-scopes');
  const scopes = accepted?.split(/,\s*/).some((one) => has.includes(one))
    ? null
    : (accepted ?? (textAt(body, 'scope') || null));
  if (scopes) return `the scope ${plainLine(scopes)}`;
  const required = /required=\[([^\]]*)\]/.exec(messagesOf(body).join(' '))?.[1];
  return required ? `the scope ${plainLine(required)}` : null;
}

function missing(refusal: ForgeRefusal): TowpathError {
  return terminal(refusal, 'ForgeMissing', `${wordsOf(refusal)}; it does not exist, or the token may not see it`);
}

/** `try again later` and its like: the forge is still working it out, or somebody was faster. */
const passing = /try again|try the merge again|out of date|does not match head|was modified|being checked|in progress/i;

function notMergeable(refusal: ForgeRefusal): TowpathError {
  const message = `${beginning(refusal)}: ${wordsOf(refusal)}`;
  const isPassing = passing.test(messagesOf(refusal.body).join(' '));
  return new TowpathError(isPassing ? 'transient' : 'terminal', 'ForgeNotMergeable', message);
}

function terminal(refusal: ForgeRefusal, reason: string, words: string): TowpathError {
  return new TowpathError('terminal', reason, `${beginning(refusal)}: ${words}`);
}

function beginning({ purpose, server }: Pick<ForgeRefusal, 'purpose' | 'server'>): string {
  return `Cannot ${purpose} at ${server}`;
}

function wordsOf({ status, body }: ForgeRefusal): string {
  const messages = messagesOf(body);
  return messages.length === 0 ? `it answered ${status}` : `it answered ${status}: ${messages.join('; ')}`;
}

/**
 * All that a forge says, as plain lines: `message` (text, list, or lists by field, as GitLab does), `error`,
 * `error_description` and GitHub's `errors`.
 */
export function messagesOf(body: unknown): readonly string[] {
  if (typeof body !== 'object' || body === null) return [];
  const fields = body as Readonly<Record<string, unknown>>;
  const found = ['message', 'error', 'error_description', 'errors'].flatMap((name) => textsOf(fields[name]));
  return [...new Set(found.map((text) => plainLine(redact(text), 300).replace(/\.$/, '')))]
    .filter((text) => text !== '')
    .slice(0, 10);
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  if (typeof fields['message'] === 'string') return [fields['message']];
  if (typeof fields['code'] === 'string') return [[fields['field'], fields['code']].filter(Boolean).join(' ')];
  return Object.entries(fields).flatMap(([name, inner]) =>
    textsOf(inner).map((text) => (name === 'base' ? text : `${name} ${text}`)),
  );
}

export function headerOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  const text = Array.isArray(value) ? value[0] : value;
  return text === undefined || text.trim() === '' ? null : text.trim();
}
