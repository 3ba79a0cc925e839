/** A GitHub App's tokens: found, kept, renewed and made anew; and what is said where an option is wrong. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GithubAppAccess, type GithubAppSettings, githubApp } from '../../src/adapters/forge/github/app.ts';
import { githubForge } from '../../src/adapters/forge/github/forge.ts';
import { githubHttp } from '../../src/adapters/forge/github/http.ts';
import { type GithubServer, startGithubServer } from '../support/github-server.ts';
import type { GithubApp } from '../support/github-server-world.ts';
import { temporaryFolder } from '../support/temp.ts';

const path = 'acme/environments';
const [pair, otherPair] = [rsaPair(), rsaPair()];
let server: GithubServer;
let app: GithubApp;
let keyFile: string;

beforeAll(async () => {
  server = await startGithubServer();
  const { git } = await server.repository(path, { 'towpath[bot]': 'write' });
  await git.seed({ 'README.md': 'hello\n' });
});
afterAll(() => server.close());
beforeEach(async () => {
  app = {
    id: 42,
    clientId: 'Iv23abc',
    slug: 'towpath',
    publicKey: pem(pair.publicKey, 'spki'),
    permissions: { metadata: 'read', contents: 'write', pull_requests: 'write', checks: 'read', statuses: 'read' },
    installations: new Map([[7, { repositories: [path], suspended: false }]]),
    tokenLifeMs: 3_600_000,
  };
  server.world.app = app;
  server.requests.length = 0;
  server.faults.length = 0;
  keyFile = join(await temporaryFolder(), 'key.pem');
  // As GitHub hands them out.
  await writeFile(keyFile, pem(pair.privateKey, 'pkcs1'));
});

function rsaPair() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function pem(key: KeyObject, type: 'spki' | 'pkcs1' | 'pkcs8'): string {
  return key.type === 'public'
    ? key.export({ type: 'spki', format: 'pem' }).toString()
    : key.export({ type: type === 'pkcs8' ? 'pkcs8' : 'pkcs1', format: 'pem' }).toString();
}

function access(more: Partial<GithubAppSettings['app']> = {}, now?: () => Date): GithubAppAccess {
  const config = { id: '42', privateKeyFile: keyFile, ...more };
  return githubApp({ app: config, apiUrl: server.apiUrl, repository: path, ...(now ? { now } : {}) });
}

function forgeOf(found: GithubAppAccess) {
  const http = githubHttp({ apiUrl: server.apiUrl }, found);
  return githubForge({ http, apiUrl: server.apiUrl, repository: path, base: 'main', app: found });
}

function asked(): readonly string[] {
  return server.requests.map(({ method, path: where }) => `${method} ${where.replace('/api/v3', '')}`);
}

describe('tokens', () => {
  it('finds the installation by the repository, and asks for one token for all that comes at once', async () => {
    const found = access();

    const tokens = await Promise.all([found.token(), found.token(), found.token()]);

    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/^ghs_/);
    expect(asked()).toEqual([`GET /repos/${path}/installation`, 'POST /app/installations/7/access_tokens']);
  });

  it('takes a client id, a named installation and a key in PKCS#8', async () => {
    await writeFile(keyFile, pem(pair.privateKey, 'pkcs8'));

    const token = await access({ id: 'Iv23abc', installationId: 7 }).token();

    expect(server.world.tokens.get(token)?.login).toBe('towpath[bot]');
    expect(asked()).toEqual(['POST /app/installations/7/access_tokens']);
  });

  it('keeps a token until five minutes before its end', async () => {
    let now = Date.now();
    const found = access({}, () => new Date(now));
    const first = await found.token();
    now += 3_600_000 - 310_000;
    const same = await found.token();
    now += 20_000;

    const next = await found.token();

    expect(same).toBe(first);
    expect(next).not.toBe(first);
  });

  it('asks for one token for all that comes at once after the old one has ended', async () => {
    let now = Date.now();
    const found = access({}, () => new Date(now));
    await found.token();
    now += 3_600_000;
    server.requests.length = 0;

    const tokens = await Promise.all([found.token(), found.token(), found.token()]);

    expect(new Set(tokens).size).toBe(1);
    expect(server.requests.filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it('makes a new one where GitHub refuses it in the middle, and what was asked for is done', async () => {
    const found = access();
    const forge = forgeOf(found);
    const first = await found.token();
    server.revoke(first);

    const repository = await forge.repository();

    expect(repository).toMatchObject({ account: 'towpath[bot]', mayPush: true });
    expect(await found.token()).not.toBe(first);
  });

  it('uses a new one though one of GitHub’s machines has not heard of it yet', async () => {
    const found = access();
    const forge = forgeOf(found);
    server.revoke(await found.token());
    refusing(2);

    expect(await forge.open('towpath/')).toEqual([]);

    expect(asked().filter((one) => one.startsWith('POST'))).toHaveLength(2);
  });

  it('asks no fifth time where the new one is refused for good', async () => {
    const forge = forgeOf(access());
    refusing(4);

    await expect(forge.open('towpath/')).rejects.toMatchObject({ kind: 'terminal', reason: 'ForgeUnauthorized' });

    expect(asked().filter((one) => one.includes('/pulls?'))).toHaveLength(4);
    expect(await forge.open('towpath/')).toEqual([]);
  });

  function refusing(times: number): void {
    const answer = { status: 401, body: { message: 'Bad credentials' } };
    for (let n = 0; n < times; n++) {
      server.faults.push({ on: { path: /pulls$/ }, does: { kind: 'answer', answer } });
    }
  }

  it('finds an installation that was made anew', async () => {
    const found = access();
    await found.token();
    app.installations.clear();
    app.installations.set(8, { repositories: [path], suspended: false });
    found.forget();

    await found.token();

    expect(asked().at(-1)).toBe('POST /app/installations/8/access_tokens');
  });

  it('keeps no failure: it works as soon as the key does', async () => {
    const found = access();
    await writeFile(keyFile, pem(otherPair.privateKey, 'pkcs1'));
    await expect(found.token()).rejects.toMatchObject({ reason: 'ForgeUnauthorized' });

    await writeFile(keyFile, pem(pair.privateKey, 'pkcs1'));

    expect(await found.token()).toMatch(/^ghs_/);
  });

  it('goes by GitHub’s clock where ours is wrong', async () => {
    const found = access({}, () => new Date(Date.now() + 1_800_000));

    const first = await found.token();

    expect(first).toMatch(/^ghs_/);
    expect(await found.token()).toBe(first);
  });

  it('tells what it may not do by its permissions, since GitHub tells its token nothing', async () => {
    app.permissions = { metadata: 'read', contents: 'read', pull_requests: 'write' };

    const repository = await forgeOf(access()).repository();

    expect(repository.mayPush).toBe(false);
  });
});

describe('what is wrong', () => {
  it.each([
    ['no such file', () => undefined, 'InvalidCredentials', 'there is no such file'],
    ['no PEM', () => 'secret-abc', 'InvalidCredentials', 'it holds no private key in PEM'],
    ['a public key', () => pem(pair.publicKey, 'spki'), 'InvalidCredentials', 'it holds a public key'],
    ['an elliptic key', () => ellipticKey(), 'InvalidCredentials', 'it is a key of ec'],
    [
      'the key of another App',
      () => pem(otherPair.privateKey, 'pkcs1'),
      'ForgeUnauthorized',
      'not hold a key of App 42',
    ],
  ])('says so of %s', async (_name, text, reason, words) => {
    const content = text();
    if (content === undefined) keyFile = join(await temporaryFolder(), 'nowhere.pem');
    else await writeFile(keyFile, content);

    const failure = access().token();

    await expect(failure).rejects.toMatchObject({ kind: 'terminal', reason });
    await expect(failure).rejects.toThrow(words);
    await expect(failure).rejects.not.toThrow('secret-abc');
  });

  it('names an App that does not exist, one that is not installed, and one that is suspended', async () => {
    await expect(access({ id: '43' }).token()).rejects.toThrow('githubApp.id names no App');
    await expect(access({ installationId: 9 }).token()).rejects.toThrow(`install the App for ${path}`);
    app.installations.set(7, { repositories: [path], suspended: true });
    await expect(access().token()).rejects.toMatchObject({ kind: 'terminal', reason: 'ForgeForbidden' });
    app.installations.clear();

    await expect(access().token()).rejects.toMatchObject({ kind: 'terminal', reason: 'ForgeMissing' });
  });

  it('waits where GitHub is away, and never says a token', async () => {
    const found = access();
    server.faults.push({ on: { path: /access_tokens$/ }, does: { kind: 'hang-up' } });

    const failure = found.token();

    await expect(failure).rejects.toMatchObject({ kind: 'transient', reason: 'ForgeUnreachable' });
    await expect(failure).rejects.not.toThrow(/eyJ|ghs_/);
    expect(await found.token()).toMatch(/^ghs_/);
  });
});

function ellipticKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
