/** How a configuration becomes a forge: its token, its budget, its templates; against a server on loopback. */
import { rename, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { noTelemetry } from '../../../src/adapters/telemetry/none.ts';
import { checkForge } from '../../../src/cli/doctor/forge-checks.ts';
import { wireListener } from '../../../src/cli/wire.ts';
import { openForge } from '../../../src/cli/wiring/forge.ts';
import { forgeBudgets } from '../../../src/cli/wiring/forge-budgets.ts';
import { Configuration } from '../../../src/domain/configuration.ts';
import type { Namespace } from '../../../src/domain/configuration-namespace.ts';
import { repoPath } from '../../../src/domain/file-tree.ts';
import { CommitId } from '../../../src/domain/identifiers.ts';
import type { Forge } from '../../../src/ports.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
}

let folder: string;
let url: string;
let asked: Asked[];
/** Null: none comes. */
let answer: (request: IncomingMessage) => { readonly status: number; readonly body: unknown } | null;
const closing: (() => PromiseLike<unknown>)[] = [];

beforeAll(async () => {
  folder = await temporaryFolder('forge-wiring');
  await writeFile(join(folder, 'token'), 'planted-token\n');
  await writeFile(join(folder, 'password'), 'planted-password\n');
  await writeFile(join(folder, 'key'), 'ab'.repeat(32));
  await writeFile(join(folder, 'api-key'), 'a-key');
});

beforeEach(async () => {
  asked = [];
  answer = () => ({ status: 200, body: [] });
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    const given = answer(request);
    if (given === null) return;
    const { status, body } = given;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  closing.push(async () => {
    server.close();
    server.closeAllConnections();
  });
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('the token of a forge', () => {
  it.each([
    ['a token of its own', { tokenFile: 'token' }, { passwordFile: 'password' }, 'Bearer planted-token'],
    ['the password that git uses', {}, { passwordFile: 'password' }, 'Bearer planted-password'],
    ['the bearer token that git uses', {}, { bearerTokenFile: 'token' }, 'Bearer planted-token'],
  ])('is %s', async (_, publication, credentials, authorization) => {
    const { forge } = await opened(configured({ publication, credentials }));

    await forge.open('towpath/');

    expect([...new Set(asked.map((one) => one.authorization))]).toEqual([authorization]);
  });

  it('is read again once its file has changed', async () => {
    const file = join(folder, 'turning');
    await writeFile(file, 'first');
    const { forge } = await opened(configured({ publication: { tokenFile: 'turning' } }));
    await forge.open('towpath/');
    await writeFile(`${file}.new`, 'second');
    await rename(`${file}.new`, file);

    await forge.open('towpath/');

    expect([asked[0]?.authorization, asked.at(-1)?.authorization]).toEqual(['Bearer first', 'Bearer second']);
  });

  it.each([
    ['is not there', 'gone', 'there is no such file; check publication.tokenFile'],
    ['is empty', 'empty', 'it is empty; check publication.tokenFile'],
    ['has several lines', 'lines', 'more than one line; check publication.tokenFile'],
  ])('is missed in a sentence where its file %s', async (_, tokenFile, message) => {
    await writeFile(join(folder, 'empty'), '');
    await writeFile(join(folder, 'lines'), 'planted\nplanted');
    const { forge } = await opened(configured({ publication: { tokenFile } }));

    const error = await forge.open('towpath/').catch((caught: unknown) => caught);

    expect(error).toMatchObject({ kind: 'terminal', message: expect.stringContaining(message) });
    expect(String(error)).not.toContain('planted');
    expect(asked).toEqual([]);
  });
});

describe('the budget of an account', () => {
  it('is one for all namespaces that use its token, and the strictest that any of them names', async () => {
    const configuration = configured({ publication: { tokenFile: 'token', budget: { contentPerMinute: 3 } } }, 'b', {
      publication: { tokenFile: 'token', budget: { contentPerMinute: 2, contentPerHour: 9 } },
    });
    const budgets = forgeBudgets(configuration, systemClock());
    const [one, other] = await Promise.all([opened(configuration, 'a', budgets), opened(configuration, 'b', budgets)]);

    await refused(one.forge, 1);
    await refused(other.forge, 1);
    const third = await one.forge.close(3, 'why').catch((error: unknown) => error);

    expect(third).toMatchObject({ kind: 'waiting', reason: 'ForgeBudget' });
    expect((third as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
    expect(other.forge.budgets()).toEqual([
      { name: 'content a minute', limit: 2, left: 0 },
      { name: 'content an hour', limit: 9, left: 7 },
    ]);
  });

  it('is each one’s own where the tokens differ', async () => {
    const budget = { contentPerMinute: 1 };
    const configuration = configured({ publication: { tokenFile: 'token', budget } }, 'b', {
      publication: { tokenFile: 'password', budget },
    });
    const budgets = forgeBudgets(configuration, systemClock());
    const [one, other] = await Promise.all([opened(configuration, 'a', budgets), opened(configuration, 'b', budgets)]);

    await refused(one.forge, 1);

    expect([one, other].map(({ forge }) => forge.budgets()[0]?.left)).toEqual([0, 1]);
  });

  it('counts the pull requests that were opened within the last hour before a restart', async () => {
    const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
    answer = ({ url: path = '' }) =>
      path.includes('/pulls?')
        ? { status: 200, body: path.includes('state=open') ? [pull(1, minutesAgo(30)), pull(2, minutesAgo(90))] : [] }
        : { status: 404, body: { message: 'not found' } };
    const publication = { tokenFile: 'token', budget: { contentPerMinute: 5, contentPerHour: 5 } };
    const { forge } = await opened(configured({ publication }));

    await forge.open('towpath/');
    await forge.open('towpath/');

    expect(forge.budgets()).toEqual([
      { name: 'content a minute', limit: 5, left: 5 },
      { name: 'content an hour', limit: 5, left: 4 },
    ]);
  });
});

describe('a forge that does not answer', () => {
  it('is left at once when the listener stops', async () => {
    answer = () => null;
    const { forge } = await opened(configured({ publication: { tokenFile: 'token' } }));
    const asking = forge.open('towpath/').catch((error: unknown) => error);
    await until('the request', () => asked.length > 0);

    await forge.dispose();
    await forge.dispose();

    expect(await asking).toBeInstanceOf(Error);
  });
});

describe('a wired listener', () => {
  it('has a forge and the words of its pull requests where changes are proposed, and none elsewhere', async () => {
    await writeFile(join(folder, 'title'), '{{deployment.name}}');
    const publication = { tokenFile: 'token', titleTemplateFile: 'title' };
    const configuration = configured({ publication }, 'b', { publication: { mode: 'direct' } });

    const wired = await wireListener(configuration, { purpose: 'preview', log: memoryLog() });
    closing.push(() => wired.close());

    const [proposed, direct] = [...wired.namespaces.values()].map(({ review }) => review);
    expect(proposed).toMatchObject({ forge: { kind: 'gitea' }, words: { title: '{{deployment.name}}', body: null } });
    expect(direct).toBeNull();
  });

  it('commits by the API where it is asked to, and leaves that forge with the repository', async () => {
    const publication = { mode: 'direct', commits: 'api', forge: 'github', tokenFile: 'token' };
    const head = 'a'.repeat(40);
    answer = ({ url: path = '' }) =>
      path.includes('/graphql')
        ? { status: 200, body: { errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible by integration' }] } }
        : { status: 200, body: { node_id: 'R_1', full_name: 'acme/agents' } };
    const wired = await wireListener(configured({ publication }), { purpose: 'preview', log: memoryLog() });
    const [parts] = wired.namespaces.values();
    if (parts === undefined) throw new Error('nothing was wired');
    const author = { name: 'Ada', email: 'ada@example.com', at: new Date(0) };
    const change = { kind: 'write', path: repoPath('deployments/chat/a.yaml'), content: 'a: b\n' } as const;
    const draft = { message: 'deploy(chat): x\n', author, committer: author, changes: [change] };

    const outcome = await parts.repository
      .publish({ head: CommitId.parse(head), list: () => [], idAt: () => null }, [draft])
      .catch((error: unknown) => error);
    await wired.close();

    expect(parts.review).toBeNull();
    expect(JSON.stringify(outcome)).toMatch(/denied|Forge/);
    expect(asked.map(({ path }) => path)).toContain('/api/graphql');
    expect(asked.every(({ authorization }) => authorization === 'Bearer planted-token')).toBe(true);
  });

  it.each([
    ['is not there', 'gone', 'there is no such file; check publication.bodyTemplateFile'],
    ['is no template', 'broken', 'Cannot use publication.bodyTemplateFile, line 1'],
  ])('does not begin where a template %s', async (_, bodyTemplateFile, message) => {
    await writeFile(join(folder, 'broken'), '{{#if}');
    const configuration = configured({ publication: { tokenFile: 'token', bodyTemplateFile } });

    const wiring = wireListener(configuration, { purpose: 'preview', log: memoryLog() });

    await expect(wiring).rejects.toThrow(message);
  });
});

describe('towpath doctor, of a forge', () => {
  it.each([
    [401, { message: 'token is required' }, 'failed'],
    [404, { message: 'not found' }, 'failed'],
  ])('says so where it answers %d', async (status, body, verdict) => {
    answer = () => ({ status, body });
    const configuration = configured({ publication: { tokenFile: 'token' } });

    const findings = await checkForge(configuration, only(configuration));

    expect(findings).toMatchObject([{ title: 'forge', verdict }]);
    expect(findings[0]?.message).toMatch(/^Cannot .*: /);
    expect(JSON.stringify(findings)).not.toContain('planted');
  });

  it('asks nothing where changes go straight to the branch', async () => {
    const configuration = configured({ publication: { mode: 'direct' } });

    expect(await checkForge(configuration, only(configuration))).toEqual([]);
    expect(asked).toEqual([]);
  });
});

interface Given {
  readonly publication: Readonly<Record<string, unknown>>;
  readonly credentials?: Readonly<Record<string, string>>;
}

/** Namespace `a`, and another one, on a Gitea. */
function configured(given: Given, other?: string, second: Given = given): Configuration {
  const files = (options: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(options).map(([name, value]) => [name, name.endsWith('File') ? join(folder, `${value}`) : value]),
    );
  const namespace = (name: string, { publication, credentials }: Given) => ({
    repository: `${url}/acme/${name}.git`,
    engine: 'none',
    secrets: { keyFile: join(folder, 'key') },
    publication: { mode: 'proposed', forge: 'gitea', ...files(publication) },
    ...(credentials === undefined ? {} : { credentials: files(credentials) }),
  });
  return Configuration.parse({
    controlPlane: { url: 'http://127.0.0.1:1', apiKeyFile: join(folder, 'api-key') },
    listener: { id: '0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11' },
    namespaces: { a: namespace('a', given), ...(other === undefined ? {} : { [other]: namespace(other, second) }) },
  });
}

function only({ namespaces }: Configuration): Namespace {
  const [settings] = Object.values(namespaces);
  if (settings === undefined) throw new Error('there is no namespace');
  return settings;
}

async function opened(configuration: Configuration, name = 'a', budgets = forgeBudgets(configuration, systemClock())) {
  const settings = new Map(Object.entries(configuration.namespaces)).get(name) ?? only(configuration);
  const one = await openForge(settings, {
    git: configuration.git,
    budgets,
    clock: systemClock(),
    log: memoryLog(),
    telemetry: noTelemetry,
  });
  closing.push(() => one.forge.dispose());
  return one;
}

/** Something that counts, whatever becomes of it. */
async function refused(forge: Forge, number: number): Promise<void> {
  await forge.close(number, 'why').catch(() => undefined);
}

function pull(number: number, createdAt: string) {
  const repository = { id: 1, full_name: 'acme/a' };
  return {
    number,
    html_url: `${url}/acme/a/pulls/${number}`,
    title: 'deploy',
    body: '',
    labels: [],
    state: 'open',
    draft: false,
    merged: false,
    mergeable: true,
    merge_commit_sha: null,
    created_at: createdAt,
    updated_at: createdAt,
    closed_at: null,
    head: {
      label: `towpath/d-${number}`,
      ref: `towpath/d-${number}`,
      sha: 'a'.repeat(40),
      repo_id: 1,
      repo: repository,
    },
    base: { label: 'main', ref: 'main', sha: 'b'.repeat(40), repo_id: 1, repo: repository },
  };
}
