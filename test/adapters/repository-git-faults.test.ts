/** What the git adapter does beyond the contract: few requests, odd servers, credentials, signatures, memory. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { GitRepository, type GitRepositoryOptions } from '../../src/adapters/repository/repository.ts';
import { asTowpathError } from '../../src/domain/failure.ts';
import { type BlobId, CommitId } from '../../src/domain/identifiers.ts';
import { HttpTransport, type HttpTransportOptions } from '../../src/git/http-transport.ts';
import type { PushOutcome, Repository } from '../../src/ports.ts';
import { draft } from '../contract/repository.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { nativeGit } from '../support/native-git.ts';

const password = 'planted-pass-5d1c';

describe('GitRepository', () => {
  let server: GitServer;
  const opened: Repository[] = [];
  let count = 0;
  beforeAll(async () => {
    server = await startGitServer({
      authorize: async (credentials, repository, service) => {
        if (!repository.startsWith('closed')) return 'allow';
        if (credentials?.password !== password) return 'unauthenticated';
        return credentials.username === 'reader' && service === 'git-receive-pack' ? 'deny' : 'allow';
      },
    });
  });
  afterEach(() => {
    expect(server.pendingFaults).toEqual([]);
  });
  afterAll(async () => {
    for (const repository of opened) await repository.close();
    await server.close();
  });

  const world = async (files: Readonly<Record<string, string>> | null, name = 'open') => {
    const remote = await server.repository(`${name}-${count++}`);
    if (files) await remote.seed(files);
    const open = (
      options: Partial<GitRepositoryOptions> = {},
      http: Partial<HttpTransportOptions> = {},
    ): GitRepository => {
      const transport = new HttpTransport({ url: remote.url, ...http });
      const repository = new GitRepository({ branch: 'main', transport, ...options });
      opened.push(repository);
      return repository;
    };
    // Another test's last answer may end only now.
    const repositoryPath = new URL(remote.url).pathname;
    const sent = () => server.requests.filter(({ path }) => path.startsWith(`${repositoryPath}/`));
    const requests = async (expected: readonly string[]): Promise<void> => {
      const shown = () => sent().map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);
      await expect.poll(shown).toEqual(expected);
      server.requests.length = 0;
    };
    return { remote, open, sent, requests };
  };

  it('starts with three requests, and passes with one to read and one to write', async () => {
    const { open, requests } = await world({ 'a/1': '1', 'b/1': '2' });
    const repository = open();

    const snapshot = await repository.snapshot(await repository.head());
    await requests(['GET refs?service=git-upload-pack', 'POST git-upload-pack', 'POST git-upload-pack']);

    const ids = ['a/1', 'b/1'].map((path) => snapshot.idAt(path) as BlobId);
    await repository.readBlobs(ids);
    await requests(['POST git-upload-pack']);

    await repository.publish(snapshot, [draft('one', { 'a/1': 'x' })]);
    await requests(['GET refs?service=git-receive-pack', 'POST git-receive-pack']);

    const next = await repository.snapshot(await repository.head());
    await repository.publish(next, [draft('two', { 'a/1': 'y' })]);
    await requests(['POST git-upload-pack', 'POST git-receive-pack']);
  });

  it('fetches only what changed, and knows then who changed it without asking', async () => {
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`deployments/d-${n}/x`, `${n}`]));
    const { remote, open, sent, requests } = await world(files);
    const repository = open();
    const before = await repository.snapshot(await repository.head());
    await remote.seed({ 'deployments/d-7/x': 'edited' }, { message: 'edit' });
    const head = await repository.head();
    const fetch = 'POST git-upload-pack';
    await requests(['GET refs?service=git-upload-pack', fetch, fetch, fetch]);

    const snapshot = await repository.snapshot(head);
    const history = await repository.history(snapshot, before.head as CommitId, 'deployments/d-7');

    expect(history).toMatchObject({ kind: 'descends', commits: [{ subject: 'edit' }] });
    await expect.poll(() => sent().length).toBe(1);
    expect(sent()[0]?.bytesOut).toBeLessThan(2000);
  });

  it('answers who committed what for many folders with few requests, as after a restart', async () => {
    const { remote, open, sent } = await world(null);
    const names = Array.from({ length: 60 }, (_, n) => `deployments/d-${n}`);
    const at = new Date();
    const first = names.map((name, n) => draft(`first ${n}`, { [`${name}/x`]: '1' }, at));
    const second = names.map((name, n) => draft(`second ${n}`, { [`${name}/x`]: '2' }, at));
    await open().publish(await open().snapshot(null), [...first, ...second]);
    const repository = open();
    const snapshot = await repository.snapshot(CommitId.parse(await remote.head()));
    server.requests.length = 0;

    for (const [n, name] of names.entries()) {
      const recent = await repository.recent(snapshot, new Date(Date.now() - 60_000), name);
      expect(recent.map(({ subject }) => subject)).toEqual([`second ${n}`, `first ${n}`]);
    }

    expect(sent().length).toBeLessThan(12);
  });

  it('works with a server that has no filters', async () => {
    const { remote, open } = await world({ 'a/1': 'one', 'a/2': 'two', b: 'three' });
    await remote.git('config', 'uploadpack.allowFilter', 'false');
    const repository = open();
    const since = CommitId.parse(await remote.head());

    let snapshot = await repository.snapshot(await repository.head());
    const id = snapshot.idAt('a/2') as BlobId;
    expect((await repository.readBlobs([id])).get(id)?.toString()).toBe('two');
    await remote.seed({ 'a/1': 'theirs' }, { message: 'theirs' });
    snapshot = await repository.snapshot(await repository.head());
    const outcome = await repository.publish(snapshot, [draft('ours', { 'a/2': 'ours' })]);

    expect(outcome.kind).toBe('pushed');
    expect(await remote.tree()).toEqual({ 'a/1': 'theirs', 'a/2': 'ours', b: 'three' });
    const fresh = open();
    const history = await fresh.history(await fresh.snapshot(await fresh.head()), since, 'a/1');
    expect(history).toMatchObject({ kind: 'descends', commits: [{ subject: 'theirs' }] });
  });

  it('sends more commits than git unpacks one by one', async () => {
    const { remote, open } = await world({ 'deployments/d-0/x': '0' });
    const repository = open();
    const drafts = Array.from({ length: 150 }, (_, n) => draft(`${n}`, { [`deployments/d-${n % 40}/x`]: `new ${n}` }));

    const outcome = await repository.publish(await repository.snapshot(await repository.head()), drafts);

    expect(outcome.kind).toBe('pushed');
    expect(await remote.log()).toHaveLength(151);
    expect((await remote.tree())['deployments/d-29/x']).toBe('new 149');
    await remote.fsck();
  });

  it('reads a branch that was set back to the middle of its own push', async () => {
    const { remote, open } = await world({ a: '0' });
    const repository = open();
    const start = await repository.snapshot(await repository.head());
    await repository.publish(start, [
      draft('1', { 'x/a': '1' }),
      draft('2', { 'x/a': '2' }),
      draft('3', { 'x/a': '3' }),
    ]);
    await remote.git('update-ref', 'refs/heads/main', 'main~1');

    const snapshot = await repository.snapshot(await repository.head());

    expect(snapshot.idAt('x/a')).toBe((await remote.git('rev-parse', 'main:x/a')).trim());
    expect((await repository.publish(snapshot, [draft('4', { 'x/a': '4' })])).kind).toBe('pushed');
  });

  it('builds on a head whose objects the server has thrown away and made again', async () => {
    const { remote, open } = await world({ 'a/1': '1', 'b/1': '1' });
    const repository = open();
    await repository.snapshot(await repository.head());
    await remote.git('update-ref', '-d', 'refs/heads/main');
    await remote.git('-c', 'gc.reflogExpire=now', 'gc', '-q', '--prune=now');
    await remote.seed({ 'c/1': 'new', 'b/1': '1' });

    const outcome = await repository.publish(await repository.snapshot(await repository.head()), [
      draft('ours', { 'a/1': '1' }),
    ]);

    expect(outcome.kind).toBe('pushed');
    expect(await remote.tree()).toEqual({ 'a/1': '1', 'b/1': '1', 'c/1': 'new' });
    await remote.fsck();
  });

  it('asks to be tried again when the head vanishes between two requests', async () => {
    const { remote, open } = await world({ a: '1' });
    const repository = open();
    const head = await repository.head();
    await remote.git('update-ref', '-d', 'refs/heads/main');
    await remote.git('-c', 'gc.reflogExpire=now', 'gc', '-q', '--prune=now');

    const error = await repository.snapshot(head).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'transient', reason: 'GitMoved' });
  });

  it('hands each commit to the signer and carries the signature', async () => {
    const { remote, open } = await world(null);
    const payloads: string[] = [];
    const sign = async (payload: Buffer) => {
      payloads.push(payload.toString());
      return '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----';
    };
    const repository = open({ sign });

    await repository.publish(await repository.snapshot(null), [draft('one', { a: '1' }), draft('two', { a: '2' })]);

    expect(payloads.map((payload) => payload.split('\n\n')[1])).toEqual(['one\n', 'two\n']);
    expect(await remote.git('cat-file', 'commit', 'main')).toContain('\ngpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n');
    await remote.fsck();
  });

  it('does not take half an answer for an empty repository', async () => {
    const { open } = await world({ a: '1' });
    const repository = open();
    await repository.head();
    server.inject({ kind: 'garbage', on: { method: 'POST', path: /git-upload-pack$/ }, body: '' });

    const error = await repository.head().catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'transient', reason: 'GitUnreachable' });
  });

  it('reads a history in which one commit has no time that there is', async () => {
    const { remote, open } = await world({ a: '1' });
    const since = CommitId.parse(await remote.head());
    const tree = (await remote.git('rev-parse', 'main^{tree}')).trim();
    const person = 'Jane <jane@example.com> 99999999999999 +0000';
    const text = `tree ${tree}\nparent ${since}\nauthor ${person}\ncommitter ${person}\n\nLater\n`;
    const store = ['-C', remote.path, 'hash-object', '-t', 'commit', '-w', '--stdin', '--literally'];
    await remote.git('update-ref', 'refs/heads/main', (await nativeGit(store, { input: text })).trim());
    const repository = open();

    const history = await repository.history(await repository.snapshot(await repository.head()), since, '');

    expect(history).toMatchObject({ kind: 'descends', commits: [{ subject: 'Later', author: { name: 'Jane' } }] });
  });

  it('says what to check when credentials are refused, without showing them', async () => {
    const { open } = await world({ a: '1' }, 'closed');
    const wrong = async () => ({ kind: 'basic', username: 'me', password: 'planted-wrong-77aa' }) as const;

    for (const http of [{}, { credentials: wrong }]) {
      const error = await open({}, http).head().catch(asTowpathError);

      expect(error).toMatchObject({ kind: 'terminal', reason: 'GitAuthentication' });
      expect(String(error)).toContain('credentials');
      expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain('planted');
    }
  });

  it('tells one that may only read that it may not write', async () => {
    const { remote, open } = await world({ a: '1' }, 'closed');
    const repository = open({}, { credentials: async () => ({ kind: 'basic', username: 'reader', password }) });
    const snapshot = await repository.snapshot(await repository.head());

    const error = await repository.publish(snapshot, [draft('ours', { a: '2' })]).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'GitPermission' });
    expect(String(error)).not.toContain(password);
    expect(await remote.log()).toHaveLength(1);
  });

  it('tells that an archived repository must leave the archive, for no right would help', async () => {
    const { open } = await world({ a: '1' });
    const repository = open();
    const snapshot = await repository.snapshot(await repository.head());
    const body = 'This repo is archived. You can view files and clone it, but cannot push.\n';
    server.inject({ kind: 'status', status: 403, body });

    const error = await repository.publish(snapshot, [draft('ours', { a: '2' })]).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'ForgeArchived' });
    expect(String(error)).toMatch(/; take the repository out of the archive$/);
  });

  it('names first what could be meant by a branch that is gone, not what is proposed', async () => {
    const { remote, open } = await world({ a: '1' });
    for (const name of ['towpath/a', 'towpath/b', 'towpath/c']) await remote.git('branch', name);
    await remote.git('branch', '--move', 'main', 'trunk');

    const error = await open().head().catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'MissingBranch' });
    expect(String(error)).toContain('other branches ("trunk", "towpath/a", "towpath/b", …) but not this one');
  });

  it('passes on how long a busy server wants to be left alone', async () => {
    const { open } = await world({ a: '1' });
    server.inject({
      kind: 'status',
      status: 429,
      headers: { 'Retry-After': '3' },
      on: { method: 'GET', path: /refs/ },
    });

    const error = await open().head().catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'transient', reason: 'GitUnreachable', retryAfterMs: 3000 });
  });

  it('gives up for now on a server that answers nonsense to every push', async () => {
    const { remote, open } = await world({ a: '1' });
    const repository = open();
    const snapshot = await repository.snapshot(await repository.head());
    for (let n = 0; n < 3; n++) server.inject({ kind: 'garbage' });

    const error = await repository.publish(snapshot, [draft('ours', { a: '2' })]).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'transient', reason: 'GitUnreachable' });
    expect(server.pendingFaults).toHaveLength(0);
    expect(await remote.log()).toHaveLength(1);
  });

  it('sends the very same bytes again after a time-out, while the first push may still be under way', async () => {
    const { remote, open } = await world({ a: '1' });
    const repository = open({}, { timeoutMs: 4_000 });
    const snapshot = await repository.snapshot(await repository.head());
    const again = Promise.withResolvers<void>();
    server.inject({ kind: 'before', run: () => again.promise });
    server.inject({ kind: 'before', run: async () => again.resolve() });

    const outcome: PushOutcome = await repository.publish(snapshot, [draft('ours', { a: '2' })]);

    expect(outcome.kind).toBe('pushed');
    expect((await remote.log()).map(({ subject }) => subject)).toEqual(['ours', 'seed']);
    await remote.fsck();
  });

  it('finds the branch that somebody makes while it asks whether the repository is empty', async () => {
    const { remote, open } = await world(null);
    const on = { method: 'POST', path: /git-upload-pack$/ };
    let made = '';
    server.inject({ kind: 'before', on, run: async () => {} });
    server.inject({
      kind: 'before',
      on,
      run: async () => {
        made = await remote.seed({ 'README.md': 'theirs' });
      },
    });

    const head = await open().head();

    expect(made).not.toBe('');
    expect(head).toBe(made);
  });

  it('stops what it is doing when it is closed', async () => {
    const { open } = await world({ a: '1' });
    const repository = open();
    server.inject({ kind: 'silence', on: { method: 'GET', path: /refs/ } });

    const asked = repository.head().catch(asTowpathError);
    await expect.poll(() => server.pendingFaults).toEqual([]);
    await repository.close();

    expect(await asked).toMatchObject({ kind: 'transient', reason: 'GitUnreachable' });
  });
});
