import { once } from 'node:events';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGitHttpBackend } from '../../src/adapters/git-http/backend.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { nativeGit } from '../support/native-git.ts';
import { temporaryFolder } from '../support/temp.ts';

let server: GitServer;
/** A git process that hangs keeps its server from closing, and so a test from ending. */
const forEver = 3_600_000;

beforeAll(async () => {
  server = await startGitServer({
    limits: { closingMs: forEver },
    authorize: async (credentials, repository, service) => {
      if (credentials?.password !== 'planted-key') return 'unauthenticated';
      return repository === 'read-only' && service === 'git-receive-pack' ? 'deny' : 'allow';
    },
  });
});

afterAll(() => server.close());

const withKey = (url: string): string => url.replace('://', '://anybody:planted-key@');

describe('the embedded git server with native git as its client', () => {
  it('serves clone, push and fetch over protocol 2', async () => {
    const repository = await server.repository('round-trip');
    await repository.seed({ 'README.md': 'hello\n' });
    const clone = join(await temporaryFolder(), 'clone');

    await nativeGit(['clone', '--quiet', withKey(repository.url), clone]);
    await writeFile(join(clone, 'deployment.yaml'), 'kind: Deployment\n');
    await nativeGit(['-C', clone, 'add', '.']);
    await nativeGit(['-C', clone, 'commit', '--quiet', '-m', 'add a deployment']);
    await nativeGit(['-C', clone, 'push', '--quiet']);

    expect(await repository.tree()).toEqual({ 'README.md': 'hello\n', 'deployment.yaml': 'kind: Deployment\n' });
    await repository.fsck();
    expect(server.requests.some((one) => one.path.includes('git-receive-pack') && one.bytesIn > 100)).toBe(true);
  });

  it('answers a partial clone and a fetch of single blobs', async () => {
    const repository = await server.repository('partial');
    await repository.seed({ 'folder/a.yaml': 'a\n', 'folder/b.yaml': 'b\n' });
    const clone = join(await temporaryFolder(), 'clone.git');

    const options = ['--quiet', '--bare', '--depth=1', '--filter=blob:none'];
    await nativeGit(['clone', ...options, withKey(repository.url), clone]);
    const missing = await nativeGit(['-C', clone, 'rev-list', '--objects', '--missing=print', 'HEAD']);

    expect(missing.split('\n').filter((line) => line.startsWith('?'))).toHaveLength(2);
    expect(await nativeGit(['-C', clone, 'show', 'HEAD:folder/b.yaml'])).toBe('b\n');
  });

  it('takes a push of many megabytes without holding it in memory, in a chunked body', async () => {
    const repository = await server.repository('large');
    const work = join(await temporaryFolder(), 'work');
    await nativeGit(['init', '--quiet', '-b', 'main', work]);
    const noise = Buffer.from(Array.from({ length: 6_000_000 }, (_, at) => (Math.imul(at, 2654435761) >>> 13) & 255));
    await writeFile(join(work, 'noise.bin'), noise);
    await nativeGit(['-C', work, 'add', '.']);
    await nativeGit(['-C', work, 'commit', '--quiet', '-m', 'noise']);

    await nativeGit(['-C', work, '-c', 'http.postBuffer=65536', 'push', '--quiet', withKey(repository.url), 'main']);

    expect(await repository.git('cat-file', '-s', 'main:noise.bin')).toBe('6000000\n');
  });

  it('understands a request that is compressed, as git sends a long fetch', async () => {
    const repository = await server.repository('compressed');
    await repository.seed({ 'a.yaml': 'a\n' });
    const body = gzipSync(`${packet('command=ls-refs\n')}0001${packet('ref-prefix refs/heads')}0000`);

    const answer = await post(`${repository.url}/git-upload-pack`, body, {
      'content-encoding': 'gzip',
      'content-type': 'application/x-git-upload-pack-request',
      'git-protocol': 'version=2',
    });

    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`${await repository.head()} refs/heads/main`);
  });
});

describe('who may do what', () => {
  it('asks for a key, and takes it as the password of any user', async () => {
    const repository = await server.repository('guarded');
    await repository.seed({ 'a.yaml': 'a\n' });

    const without = await fetch(`${repository.url}/info/refs?service=git-upload-pack`);
    const wrong = nativeGit(['ls-remote', repository.url.replace('://', '://anybody:wrong@')]);

    expect(without.status).toBe(401);
    expect(without.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    await expect(wrong).rejects.toThrow(/Authentication failed/);
    expect(await nativeGit(['ls-remote', withKey(repository.url)])).toContain('refs/heads/main');
  });

  it('lets a key read what it may not write', async () => {
    const repository = await server.repository('read-only');
    const id = await repository.seed({ 'a.yaml': 'a\n' });

    const push = repository.git('push', withKey(repository.url), 'main:refs/heads/other');

    await expect(push).rejects.toThrow(/403/);
    expect(await nativeGit(['ls-remote', withKey(repository.url)])).toContain(id);
    expect(await repository.head('other')).toBeNull();
  });

  it.each([
    '/git/../secret.git/info/refs?service=git-upload-pack',
    '/git/%2e%2e/secret.git/info/refs?service=git-upload-pack',
    '/git/..%2fsecret.git/info/refs?service=git-upload-pack',
    '/git/guarded.git/config',
    '/git/guarded.git/objects/info/packs',
    '/git/guarded.git/info/refs',
    '/git/guarded.git/info/refs?service=git-upload-archive',
    '/other/guarded.git/info/refs?service=git-upload-pack',
    '/git/nothing-here.git/info/refs?service=git-upload-pack',
  ])('has nothing at %s', async (path) => {
    await server.repository('guarded');

    expect((await get(new URL(server.url).origin, path)).status).toBe(404);
  });
});

describe('faults and leftovers', () => {
  it('leaves the branch alone when the connection goes in mid-push', async () => {
    const repository = await server.repository('cut');
    const before = await repository.seed({ 'a.yaml': 'a\n' });
    // curl tries again by itself when a kept connection breaks, so the second try is cut as well.
    server.inject({ kind: 'cut-request', afterBytes: 200 });
    server.inject({ kind: 'cut-request', afterBytes: 300 });

    const push = pushCommit(repository.url, 'never arrives');

    await expect(push).rejects.toThrow();
    expect(await repository.head()).toBe(before);
    expect(server.pendingFaults).toEqual([]);
    await repository.fsck();
  });

  it('has done the push when only the answer was lost', async () => {
    const repository = await server.repository('lost');
    const before = await repository.seed({ 'a.yaml': 'a\n' });
    server.inject({ kind: 'lose-answer' });

    const push = pushCommit(repository.url, 'once');

    await expect(push).rejects.toThrow();
    expect(await repository.head()).not.toBe(before);
    expect((await repository.log()).map((commit) => commit.subject)).toEqual(['once', 'seed']);
  });

  it('sweeps locks and half packs at start, and a push works again', async () => {
    const root = await temporaryFolder('sweep');
    const first = await startGitServer({ root });
    const repository = await first.repository('stale');
    await repository.seed({ 'a.yaml': 'a\n' });
    await first.close();
    const leftovers = ['refs/heads/main.lock', 'packed-refs.lock', 'config.lock', 'shallow.lock'];
    for (const path of [...leftovers, 'objects/pack/tmp_pack_abc123']) await plantOld(join(repository.path, path));
    await mkdir(join(repository.path, 'objects/tmp_objdir-incoming-xyz/pack'), { recursive: true });
    await plantOld(join(root, '.new-half-0011'));

    const second = await startGitServer({ root });
    const again = await second.repository('stale');
    await pushCommit(again.url, 'after the sweep');

    expect(second.backend.swept).toHaveLength(7);
    expect(await readdir(join(repository.path, 'refs/heads'))).toEqual(['main']);
    expect((await again.log())[0]?.subject).toBe('after the sweep');
    await again.fsck();
    await second.close();
  });

  it.each(['before its answer', 'within its answer'])(
    'leaves no process behind for a fetch that is left %s',
    async (when) => {
      const asked = Promise.withResolvers<void>();
      const authorize = async (): Promise<'allow'> => {
        asked.resolve();
        return 'allow';
      };
      const own = await startGitServer({ authorize, limits: { closingMs: forEver } });
      const repository = await own.repository('abandoned');
      const blob = Array.from({ length: 400_000 }, (_, at) => Math.imul(at, 2654435761).toString(36)).join('');
      const id = await repository.seed({ 'large.txt': blob });
      const body = `${packet('command=fetch\n')}0001${packet(`want ${id}\n`)}${packet('done\n')}0000`;

      const outgoing = httpRequest(`${repository.url}/git-upload-pack`, {
        method: 'POST',
        headers: { 'git-protocol': 'version=2', 'content-type': uploadPack },
      });
      outgoing.on('error', () => {}).end(body);
      if (when === 'within its answer') {
        const [answer] = await once(outgoing, 'response');
        await once(answer, 'data');
      } else {
        await asked.promise;
      }
      outgoing.destroy();

      await own.close();
      expect(own.complaints).toEqual([]);
    },
  );

  it('melts many pushes into few packs behind their back', async () => {
    const own = await startGitServer({ limits: { pushesBetweenMaintenance: 4 } });
    const repository = await own.repository('busy');
    await repository.seed({ 'a.yaml': 'a\n' });
    const work = join(await temporaryFolder(), 'work');
    await nativeGit(['clone', '--quiet', repository.url, work]);
    const push = async (n: number): Promise<void> => {
      await nativeGit(['-C', work, 'commit', '--quiet', '--allow-empty', '-m', `push ${n}`]);
      await nativeGit(['-C', work, 'push', '--quiet']);
    };
    const packs = async (): Promise<number> =>
      (await readdir(join(repository.path, 'objects/pack'))).filter((name) => name.endsWith('.pack')).length;

    for (const n of [1, 2, 3]) await push(n);
    const before = await packs();
    await push(4);

    expect(before).toBeGreaterThanOrEqual(3);
    await expect.poll(packs).toBeLessThan(3);
    await repository.fsck();
    await own.close();
  });

  it('makes a repository only once, and refuses a name that is a path', async () => {
    const backend = await openGitHttpBackend({ root: await temporaryFolder(), authorize: async () => 'allow' });

    const [one, two] = await Promise.all([backend.createRepository('team-a'), backend.createRepository('team-a')]);

    expect(one).toBe(two);
    expect(await readdir(backend.root)).toEqual(['team-a.git']);
    await expect(backend.createRepository('../evil')).rejects.toThrow(/Cannot create the repository/);
    await backend.close();
  });
});

function packet(line: string): string {
  return (line.length + 4).toString(16).padStart(4, '0') + line;
}

const basic = `Basic ${Buffer.from('anybody:planted-key').toString('base64')}`;
const uploadPack = 'application/x-git-upload-pack-request';

async function post(url: string, body: Buffer, headers: Record<string, string>) {
  const answer = await fetch(url, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { authorization: basic, ...headers },
  });
  return { status: answer.status, body: await answer.text() };
}

/** Without fetch's own tidying of paths. */
async function get(origin: string, path: string): Promise<{ status: number }> {
  const { hostname, port } = new URL(origin);
  const outgoing = httpRequest({ hostname, port, path, headers: { authorization: basic } });
  outgoing.end();
  const [answer] = await once(outgoing, 'response');
  answer.resume();
  return { status: answer.statusCode };
}

async function pushCommit(url: string, subject: string): Promise<void> {
  const work = join(await temporaryFolder(), 'work');
  await nativeGit(['clone', '--quiet', withKey(url), work]);
  await writeFile(join(work, 'b.yaml'), `${subject}\n`);
  await nativeGit(['-C', work, 'add', '.']);
  await nativeGit(['-C', work, 'commit', '--quiet', '-m', subject]);
  await nativeGit(['-C', work, 'push', '--quiet', 'origin', 'main']);
}

async function plantOld(path: string): Promise<void> {
  await writeFile(path, '');
  await utimes(path, new Date(0), new Date(0));
}
