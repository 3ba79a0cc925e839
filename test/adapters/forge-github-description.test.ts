/** The stand-in for GitHub holds requests and answers to GitHub's own description, and notices what does not fit. */
import { describe, expect, it } from 'vitest';
import { readWebhook } from '../../src/core/webhook/event.ts';
import type { ForgeAnswer, ForgeCall } from '../support/forge-server.ts';
import { ajvOver, describedIn, misfits } from '../support/github-description.ts';
import { graphqlMisfits } from '../support/github-graphql-schema.ts';
import { startGithubServer } from '../support/github-server.ts';

const headers = {
  accept: 'application/vnd.github+json',
  'x-github-api-version': '2022-11-28',
  'user-agent': 'towpath',
};

function call(method: string, path: string, body = {}, query = ''): ForgeCall {
  return { method, path, body, headers, query: new URLSearchParams(query), token: 'x' };
}

const at = '/api/v3/repos/acme/environments';
const noLabels: ForgeAnswer = { status: 200, body: [] };
const notFound: ForgeAnswer = { status: 404, body: { message: 'Not Found' } };

describe('of REST', () => {
  it.each<[string, ForgeCall, ForgeAnswer, RegExp | null]>([
    ['what fits', call('GET', `${at}/pulls`, {}, 'state=open&per_page=100'), noLabels, null],
    ['a branch with a slash', call('GET', `${at}/git/ref/heads/towpath/a`), notFound, null],
    ['no such operation', call('GET', `${at}/merge_requests`), noLabels, /describes no such operation/],
    ['a query of another forge', call('GET', `${at}/pulls`, {}, 'limit=50'), noLabels, /it has no query limit/],
    ['a value that is none', call('GET', `${at}/pulls`, {}, 'state=opened'), noLabels, /query state/],
    ['too many a page', call('GET', `${at}/pulls`, {}, 'per_page=500'), noLabels, /more than 100 a page/],
    ['a field of another forge', call('POST', `${at}/issues/1/labels`, { label: 'x' }), noLabels, /has label/],
    ['a field of the wrong type', call('POST', `${at}/issues/1/labels`, { labels: 'x' }), noLabels, /request/],
    ['an answer that lacks something', call('GET', `${at}/issues/1`), { status: 200, body: {} }, /closed_at/],
    ['a success that is not described', call('GET', `${at}/pulls`), { status: 206, body: [] }, /206 is not described/],
    ['a failure without words', call('GET', `${at}/issues/1`), { status: 403, body: {} }, /message/],
  ])('tells %s', (_, asked, answer, expected) => {
    const found = misfits(asked, asked.path, answer).join('\n');

    if (expected === null) expect(found).toBe('');
    else expect(found).toMatch(expected);
  });

  it('fails whoever closes the server after it', async () => {
    const server = await startGithubServer();
    await fetch(`${server.apiUrl}/repos/acme/environments/pulls?limit=1`);

    await expect(server.close()).rejects.toThrow('it has no query limit');
  });
});

describe('of GraphQL', () => {
  const query =
    'query($name: String!) { repository(owner: "acme", name: $name) { pullRequests { nodes { number } } } }';
  const nodes = (number: unknown) => ({ data: { repository: { pullRequests: { nodes: [{ number }] } } } });

  it.each<[string, object, object, RegExp | null]>([
    ['what fits', { query, variables: { name: 'x' } }, nodes(1), null],
    ['a field that there is not', { query: '{ repositories { id } }' }, {}, /Cannot query field/],
    ['a variable that is missing', { query, variables: {} }, nodes(1), /"\$name" of required type/],
    ['an answer of another type', { query, variables: { name: 'x' } }, nodes('one'), /Int cannot represent/],
    ['errors that are none', { query, variables: { name: 'x' } }, { data: null, errors: {} }, /errors are a list/],
  ])('tells %s', (_, asked, body, expected) => {
    const found = graphqlMisfits(call('POST', '/api/graphql', asked), { status: 200, body }).join('\n');

    if (expected === null) expect(found).toBe('');
    else expect(found).toMatch(expected);
  });
});

describe('of webhooks', () => {
  const { operations, schemas } = describedIn('webhooks.json') as Readonly<
    Record<string, Readonly<Record<string, object>>>
  >;
  const ajv = ajvOver(schemas);
  const repository = {
    full_name: 'acme/agents',
    html_url: 'https://github.com/acme/agents',
    url: 'https://api.github.com/repos/acme/agents',
    clone_url: 'https://github.com/acme/agents.git',
    ssh_url: 'git@github.com:acme/agents.git',
  };
  const head = { ref: 'towpath/a', sha: 'a'.repeat(40), label: 'acme:towpath/a', user: null, repo: null };
  const pull_request = { url: 'x', html_url: 'x', base: { ...head, ref: 'main' }, head };

  it.each<[string, object, readonly string[] | null | string]>([
    ['push', { ref: 'refs/heads/main' }, ['main']],
    ['create', { ref: 'towpath/a', ref_type: 'branch' }, ['towpath/a']],
    ['delete', { ref: 'towpath/a', ref_type: 'branch' }, ['towpath/a']],
    ['ping', { zen: 'Keep it logically awesome.' }, 'ping'],
    ['pull-request-review-submitted', { pull_request }, ['main']],
    ['pull-request-review-dismissed', { pull_request }, ['main']],
    ['pull-request-synchronize', { pull_request }, ['main']],
    ['pull-request-opened', { pull_request }, ['main']],
    ['pull-request-closed', { pull_request }, ['main']],
    ['pull-request-edited', { pull_request, changes: { base: { ref: { from: 'old' } } } }, ['main', 'old']],
    ['status', { branches: [] }, null],
    ['check-run-completed', {}, null],
    ['check-suite-completed', {}, null],
    ['workflow-run-completed', {}, null],
    ['repository-renamed', { changes: { repository: {} } }, null],
    ['repository-transferred', { changes: {} }, null],
  ])('%s as GitHub describes it is understood', (name, part, expected) => {
    const payload = { ...part, repository };
    const validate = ajv.compile(operations?.[name] ?? false);
    validate(payload);
    const event = name
      .replace(/-(?:completed|submitted|dismissed|synchronize|opened|closed|edited|renamed|transferred)$/, '')
      .replaceAll('-', '_');

    const read = readWebhook({ 'x-github-event': event }, JSON.stringify(payload));

    expect(validate.errors).toBeNull();
    expect(read?.kind === 'changed' ? read.branches : read?.kind).toEqual(expected);
    if (read?.kind === 'changed') expect(read).toMatchObject({ fullName: 'acme/agents' });
  });
});
