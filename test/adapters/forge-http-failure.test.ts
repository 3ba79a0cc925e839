/** What each forge's refusals mean: a table of their own words, and nothing secret in ours. */
import { describe, expect, it } from 'vitest';
import { forgeFailure } from '../../src/adapters/forge/http/failure.ts';

const now = new Date('2026-03-01T12:00:00Z');
const epoch = now.getTime() / 1000;

interface Row {
  readonly says: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly isPage?: boolean;
  readonly kind: 'terminal' | 'waiting' | 'transient';
  readonly reason: string;
  readonly retryAfterMs?: number;
  readonly words?: RegExp;
}

const terminal = (reason: string) => ({ kind: 'terminal', reason }) as const;
const waiting = (retryAfterMs: number) => ({ kind: 'waiting', reason: 'ForgeRateLimited', retryAfterMs }) as const;
const transient = { kind: 'transient', reason: 'ForgeUnreachable' } as const;

const github: readonly Row[] = [
  { says: 'bad credentials', status: 401, body: { message: 'Bad credentials' }, ...terminal('ForgeUnauthorized') },
  {
    says: 'the primary limit',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(epoch + 90) },
    body: { message: 'API rate limit exceeded for installation ID 1.' },
    ...waiting(90_000),
  },
  {
    says: 'the primary limit by 429, by its own clock',
    status: 429,
    headers: {
      date: new Date(now.getTime() + 50_000).toUTCString(),
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(epoch + 90),
    },
    ...waiting(40_000),
  },
  {
    says: 'the secondary limit with its delay',
    status: 403,
    headers: { 'retry-after': '30', 'x-ratelimit-remaining': '4711' },
    body: { message: 'You have exceeded a secondary rate limit.' },
    ...waiting(30_000),
  },
  {
    says: 'the secondary limit in words only',
    status: 403,
    headers: { 'x-ratelimit-remaining': '4711', 'x-ratelimit-reset': 'soon' },
    body: { message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' },
    ...waiting(60_000),
  },
  {
    says: 'the secondary limit without a delay, long before the primary one is reset',
    status: 403,
    headers: { 'x-ratelimit-remaining': '4711', 'x-ratelimit-reset': String(epoch + 3000) },
    body: { message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' },
    ...waiting(60_000),
  },
  {
    says: 'ill health, long before its limit is reset',
    status: 502,
    headers: { 'x-ratelimit-remaining': '4711', 'x-ratelimit-reset': String(epoch + 3000) },
    body: { message: 'Server Error' },
    ...transient,
  },
  {
    says: 'that content comes too fast',
    status: 422,
    body: { message: 'Validation Failed', errors: [{ code: 'custom', message: 'was submitted too quickly' }] },
    ...waiting(60_000),
  },
  {
    says: 'a token that single sign-on does not know',
    status: 403,
    headers: {
      'x-github-sso': 'required; url=https://github.com/orgs/acme/sso?authorization_request=AABB',
      'x-accepted-github-permissions': 'metadata=read',
    },
    body: {
      message:
        'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
    },
    ...terminal('ForgeForbidden'),
    words: /; authorize the token for the organization’s single sign-on$/,
  },
  {
    says: 'an address that is not on the list',
    status: 403,
    headers: { 'x-accepted-github-permissions': 'metadata=read' },
    body: {
      message:
        'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
    },
    ...terminal('ForgeForbidden'),
    words: /; put the address that the listener is seen by onto the allow list$/,
  },
  {
    says: 'an installation that is suspended',
    status: 403,
    body: { message: 'This installation has been suspended' },
    ...terminal('ForgeForbidden'),
    words: /; let the owner of the organization unsuspend it$/,
  },
  {
    says: 'abuse detection',
    status: 403,
    body: { message: 'You have triggered an abuse detection mechanism.' },
    ...waiting(60_000),
  },
  {
    says: 'archived',
    status: 403,
    body: { message: 'Repository was archived so is read-only.' },
    ...terminal('ForgeArchived'),
  },
  {
    says: 'an App without the permission',
    status: 403,
    headers: { 'x-accepted-github-permissions': 'pull_requests=write' },
    body: { message: 'Resource not accessible by integration' },
    ...terminal('ForgeForbidden'),
    words: /lacks one of the permissions pull_requests=write/,
  },
  {
    says: 'a token without the scope',
    status: 403,
    headers: { 'x-oauth-scopes': 'read:org', 'x-accepted-oauth-scopes': 'repo' },
    body: { message: 'Must have admin rights to Repository.' },
    ...terminal('ForgeForbidden'),
    words: /lacks the scope repo$/,
  },
  {
    says: 'no right though the scope is there',
    status: 403,
    headers: { 'x-oauth-scopes': 'repo, gist', 'x-accepted-oauth-scopes': 'repo' },
    body: { message: 'Must have admin rights to Repository.' },
    ...terminal('ForgeForbidden'),
    words: /lacks a right$/,
  },
  {
    says: 'all that is wrong',
    status: 422,
    body: {
      message: 'Validation Failed',
      errors: [
        { resource: 'PullRequest', code: 'custom', message: 'No commits between main and x' },
        { resource: 'Label', field: 'name', code: 'already_exists' },
      ],
    },
    ...terminal('ForgeInvalid'),
    words: /Validation Failed; No commits between main and x; name already_exists/,
  },
  {
    says: 'the base moved',
    status: 405,
    body: { message: 'Base branch was modified. Review and try the merge again.' },
    kind: 'transient',
    reason: 'ForgeNotMergeable',
  },
  {
    says: 'not mergeable',
    status: 405,
    body: { message: 'Pull Request is not mergeable' },
    ...terminal('ForgeNotMergeable'),
  },
  { says: 'a unicorn', status: 502, headers: { 'content-type': 'text/html' }, isPage: true, ...transient },
  { says: 'moved elsewhere', status: 301, headers: { location: 'https://x.example/api' }, ...terminal('ForgeMissing') },
  { says: 'legal trouble', status: 451, ...terminal('ForgeForbidden') },
];

const gitlab: readonly Row[] = [
  {
    says: 'a revoked token',
    status: 401,
    body: { error: 'invalid_token', error_description: 'Token was revoked.' },
    ...terminal('ForgeUnauthorized'),
    words: /invalid_token; Token was revoked/,
  },
  {
    says: 'too little scope',
    status: 403,
    body: { error: 'insufficient_scope', error_description: 'The request requires higher privileges.', scope: 'api' },
    ...terminal('ForgeForbidden'),
    words: /lacks the scope api$/,
  },
  { says: 'its limit', status: 429, headers: { 'ratelimit-reset': String(epoch + 12) }, ...waiting(12_000) },
  { says: 'its limit as a delay', status: 429, headers: { 'retry-after': '7' }, ...waiting(7_000) },
  { says: 'its limit without a word', status: 429, ...waiting(60_000) },
  {
    says: 'archived',
    status: 403,
    body: { message: '403 Forbidden - Project is archived' },
    ...terminal('ForgeArchived'),
  },
  {
    says: 'a secondary site',
    status: 403,
    body: { message: 'You cannot perform write operations on a read-only instance' },
    ...transient,
  },
  {
    says: 'errors by field',
    status: 400,
    body: { message: { base: ['Source branch does not exist'], title: ["can't be blank", 'is too short'] } },
    ...terminal('ForgeInvalid'),
    words: /Source branch does not exist; title can't be blank; title is too short/,
  },
  {
    says: 'errors as a list',
    status: 409,
    body: { message: ['Another open merge request already exists for this source branch: !5'] },
    ...terminal('ForgeNotMergeable'),
  },
  {
    says: 'another head',
    status: 409,
    body: { message: 'SHA does not match HEAD of source branch: abc' },
    kind: 'transient',
    reason: 'ForgeNotMergeable',
  },
];

const gitea: readonly Row[] = [
  { says: 'archived', status: 423, body: { message: 'repo is archived' }, ...terminal('ForgeArchived') },
  {
    says: 'too little scope',
    status: 403,
    body: { message: 'token does not have at least one of required scope(s), required=[write:issue], token scope=x' },
    ...terminal('ForgeForbidden'),
    words: /lacks the scope write:issue$/,
  },
  { says: 'nothing there', status: 404, body: { message: 'not found' }, ...terminal('ForgeMissing') },
  {
    says: 'the check still runs',
    status: 405,
    body: { message: 'Please try again later' },
    kind: 'transient',
    reason: 'ForgeNotMergeable',
  },
  {
    says: 'another head',
    status: 409,
    body: { message: 'head out of date' },
    kind: 'transient',
    reason: 'ForgeNotMergeable',
  },
  {
    says: 'approvals are missing',
    status: 405,
    body: { message: 'Does not have enough approvals' },
    ...terminal('ForgeNotMergeable'),
  },
  { says: 'a limit of its proxy', status: 429, isPage: true, headers: { 'retry-after': '3' }, ...waiting(3_000) },
  { says: 'a page of its proxy', status: 404, isPage: true, ...transient },
  { says: 'too slow', status: 408, ...transient },
  { says: 'maintenance', status: 503, headers: { 'retry-after': '20' }, ...transient, retryAfterMs: 20_000 },
];

describe.each([
  ['github', github],
  ['gitlab', gitlab],
  ['gitea', gitea],
] as const)('%s', (_, rows) => {
  it.each(rows)('says $says ($status)', ({ status, headers = {}, body = null, isPage = false, ...expected }) => {
    const about = { purpose: 'open a pull request', server: 'https://git.example.com/api/v1' };

    const error = forgeFailure({ ...about, status, headers, body, isPage, now });

    expect([error.kind, error.reason, error.retryAfterMs]).toEqual([
      expected.kind,
      expected.reason,
      expected.retryAfterMs,
    ]);
    expect(error.message).toMatch(/^Cannot open a pull request at https:\/\/git\.example\.com\/api\/v1: .*[^.]$/);
    expect(error.message).toMatch(expected.words ?? /./);
  });
});

it.each([
  ['0', 1_000],
  ['999999', 3_600_000],
  ['Sun, 01 Mar 2026 12:00:45 GMT', 45_000],
  ['whenever', 60_000],
])('waits within reason when told to wait for %s', (retry, ms) => {
  const about = { purpose: 'ask', server: 'https://git.example.com', body: null, isPage: false, now };

  expect(forgeFailure({ ...about, status: 429, headers: { 'retry-after': retry } }).retryAfterMs).toBe(ms);
});

it('shows neither credentials nor line breaks of what a forge says', () => {
  const message = 'clone of https://bot:hunter2@git.example.com/x?private_token=glpat-1 failed\nChange: \u202eremove';

  const error = forgeFailure({
    purpose: 'ask',
    server: 'https://git.example.com',
    status: 400,
    headers: {},
    body: { message },
    isPage: false,
    now,
  });

  expect(error.message).not.toMatch(/hunter2|glpat-1|\n|\u202e/);
  expect(error.message).toContain('https://[redacted]@git.example.com/x?private_token=[redacted]');
});
