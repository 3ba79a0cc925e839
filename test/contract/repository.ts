/** What every Repository must do, run against real git servers: reading, history, publishing, races and lost answers. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobId } from '../../src/core/blob-id.ts';
import { asTowpathError } from '../../src/domain/failure.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { BlobId, CommitId } from '../../src/domain/identifiers.ts';
import type { CommitDraft, PushOutcome, Repository } from '../../src/ports.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { nativeGit } from '../support/native-git.ts';
import { temporaryFolder } from '../support/temp.ts';
import type { TestRepository } from '../support/test-repository.ts';

export interface OpenOptions {
  /** Another address than the repository's own. */
  readonly url?: string;
  readonly branch?: string;
  readonly createBranch?: boolean;
}

export interface RepositoryBackend {
  open(repository: TestRepository, options?: OpenOptions): Promise<Repository> | Repository;
}

/** What a backend can do beyond the port's plain promise; false leaves the tests of it out. */
interface RepositoryCapabilities {
  /** Reads trees without files, and a new head without what it holds already. */
  readonly partialFetch: boolean;
  /** Can begin a branch among others. */
  readonly createBranch: boolean;
  /** Its requests pass the HTTP server, which counts them and spoils them. */
  readonly overHttp: boolean;
  /** The server knows nothing of version 2 of git's protocol. */
  readonly oldProtocol?: boolean;
  /** False: the server runs no hooks. */
  readonly hooks?: boolean;
}

const when = new Date('2026-03-01T12:00:00Z');

export function draft(message: string, changes: Readonly<Record<string, string | null>>, at = when): CommitDraft {
  return {
    message: `${message}\n`,
    author: { name: 'Grace', email: 'grace@example.com', at },
    committer: { name: 'Towpath', email: 'towpath@example.com', at },
    changes: Object.entries(changes).map(([path, content]) =>
      content === null
        ? { kind: path.endsWith('/') ? 'delete-folder' : 'delete', path: repoPath(path.replace(/\/$/, '')) }
        : { kind: 'write', path: repoPath(path), content },
    ),
  };
}

export function repositoryContract(
  name: string,
  makeBackend: (server: GitServer) => RepositoryBackend,
  capabilities: RepositoryCapabilities,
): void {
  describe(`Repository contract: ${name}`, () => {
    let server: GitServer;
    let backend: RepositoryBackend;
    const opened: Repository[] = [];
    let count = 0;

    beforeAll(async () => {
      server = await startGitServer({ oldProtocol: capabilities.oldProtocol ?? false });
      backend = makeBackend(server);
    });
    afterAll(async () => {
      for (const repository of opened) await repository.close();
      await server.close();
    });

    const world = async (files: Readonly<Record<string, string>> | null = { 'README.md': 'hello\n' }) => {
      const remote = await server.repository(`contract-${count++}`);
      if (files) await remote.seed(files);
      const open = async (options?: OpenOptions): Promise<Repository> => {
        const repository = await backend.open(remote, options);
        opened.push(repository);
        return repository;
      };
      return { remote, open, repository: await open() };
    };
    const context = { server: () => server, world, capabilities };
    describe('reading', () => readingContract(context));
    describe('history', () => historyContract(context));
    describe('publishing', () => publishingContract(context));
    describe('races and faults', () => faultContract(context));
  });
}

interface World {
  readonly remote: TestRepository;
  readonly repository: Repository;
  readonly open: (options?: OpenOptions) => Promise<Repository>;
}

interface Context {
  readonly server: () => GitServer;
  readonly world: (files?: Readonly<Record<string, string>> | null) => Promise<World>;
  readonly capabilities: RepositoryCapabilities;
}

async function latest(repository: Repository) {
  return repository.snapshot(await repository.head());
}

async function publish(repository: Repository, ...drafts: readonly CommitDraft[]): Promise<PushOutcome> {
  return repository.publish(await latest(repository), drafts);
}

function readingContract({ server, world, capabilities }: Context): void {
  it('lists folders and finds ids by path', async () => {
    const { remote, repository } = await world({ 'a/b/c.txt': 'c\n', 'a/b.txt': 'b\n', 'z.txt': 'z\n' });

    const snapshot = await latest(repository);

    expect(snapshot.head).toBe(await remote.head());
    expect(snapshot.list('')?.map(({ name, kind }) => [name, kind])).toEqual([
      ['a', 'folder'],
      ['z.txt', 'file'],
    ]);
    expect(snapshot.list('a')?.map(({ name }) => name)).toEqual(['b.txt', 'b']);
    expect(snapshot.list('a/b')?.map(({ name }) => name)).toEqual(['c.txt']);
    expect(snapshot.list('nowhere')).toBeNull();
    expect(snapshot.list('z.txt')).toBeNull();
    expect(snapshot.idAt('a/b/c.txt')).toBe((await remote.git('rev-parse', 'main:a/b/c.txt')).trim());
    expect(snapshot.idAt('a/b')).toBe((await remote.git('rev-parse', 'main:a/b')).trim());
    expect(snapshot.idAt('')).toBe((await remote.git('rev-parse', 'main^{tree}')).trim());
    expect(snapshot.idAt('a/b/c.txt/d')).toBeNull();
    expect(snapshot.idAt('a/x')).toBeNull();
  });

  it('reads files by id in one request, whatever they hold', async () => {
    const files = { one: 'one\n', two: '', three: 'ünïcödé\r\n'.repeat(5000) };
    const { repository } = await world(files);
    const snapshot = await latest(repository);
    const ids = Object.keys(files).map((path) => snapshot.idAt(path) as BlobId);
    await settled(server());

    const blobs = await repository.readBlobs([...ids, ...ids]);

    expect(ids.map((id) => blobs.get(id)?.toString())).toEqual(Object.values(files));
    if (capabilities.partialFetch && capabilities.overHttp) await expect.poll(() => server().requests.length).toBe(1);
  });

  if (capabilities.overHttp) {
    it('asks once for the head, and for nothing else while it stands', async () => {
      const { repository } = await world();
      await latest(repository);
      await settled(server());

      await latest(repository);

      await expect.poll(() => server().requests.length).toBe(1);
    });
  }

  it('sees what others have pushed since', async () => {
    const { remote, repository } = await world({ 'a/1': '1', 'a/2': '2', 'b/1': '1' });
    const before = await latest(repository);
    await remote.seed({ 'a/1': 'changed', 'b/1': null, 'c/d/e': 'new' });

    const after = await latest(repository);

    expect(after.head).toBe(await remote.head());
    expect(after.list('')?.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(after.idAt('c/d/e')).toBe((await remote.git('rev-parse', 'main:c/d/e')).trim());
    expect(after.idAt('a/2')).toBe(before.idAt('a/2'));
    expect(before.list('b')?.map(({ name }) => name)).toEqual(['1']);
  });

  it('reads a branch that went back, or begins anew', async () => {
    const { remote, repository } = await world({ a: '1' });
    const first = await remote.head();
    await remote.seed({ b: '2' });
    await latest(repository);
    await remote.git('update-ref', 'refs/heads/main', first ?? '');

    expect((await latest(repository)).list('')?.map(({ name }) => name)).toEqual(['a']);

    await remote.git('update-ref', '-d', 'refs/heads/main');
    await remote.seed({ c: '3' });
    expect((await latest(repository)).list('')?.map(({ name }) => name)).toEqual(['c']);
  });

  it('takes an empty repository as one without a head', async () => {
    const { repository } = await world(null);

    const snapshot = await latest(repository);

    expect(snapshot.head).toBeNull();
    expect(snapshot.list('')).toEqual([]);
    expect(snapshot.idAt('a')).toBeNull();
  });

  it('refuses a branch that is missing among others', async () => {
    const { remote, repository } = await world(null);
    await remote.seed({ a: '1' }, { branch: 'trunk' });

    const error = await repository.head().catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'MissingBranch' });
    expect(String(error)).toContain('branch "main"');
  });

  it('names a repository that is not there', async () => {
    const { remote, open } = await world();
    const gone = await open({ url: remote.url.replace('contract', 'missing') });

    const error = await gone.head().catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'MissingRepository' });
    expect(String(error)).toContain(gone.url);
  });
}

/** Forgets the requests so far, once the last of them has been written down. */
export async function settled(server: GitServer): Promise<void> {
  let before = -1;
  await expect
    .poll(() => {
      const same = before === server.requests.length;
      before = server.requests.length;
      return same;
    })
    .toBe(true);
  server.requests.length = 0;
}

function historyContract({ world }: Context): void {
  it('names the commits since ours that touched a path, newest first', async () => {
    const { remote, repository } = await world({ 'a/1': '1', 'b/1': '1' });
    const since = (await remote.head()) as CommitId;
    await remote.seed({ 'a/1': '2' }, { message: 'edit a' });
    await remote.seed({ 'b/1': '2' }, { message: 'edit b' });
    await remote.seed({ 'a/1': null, 'a/2': 'x' }, { message: 'edit a again' });

    const snapshot = await latest(repository);

    const a = await repository.history(snapshot, since, 'a');
    expect(a.kind === 'descends' && a.commits.map(({ subject }) => subject)).toEqual(['edit a again', 'edit a']);
    const b = await repository.history(snapshot, since, 'b/1');
    expect(b).toMatchObject({ kind: 'descends', commits: [{ author: { name: 'Ada', email: 'ada@example.com' } }] });
    expect(await repository.history(snapshot, snapshot.head as CommitId, 'a')).toEqual({
      kind: 'descends',
      commits: [],
    });
    expect(await repository.history(snapshot, since, 'nowhere')).toEqual({ kind: 'descends', commits: [] });
  });

  it('knows it after passes of its own, too', async () => {
    const { remote, repository } = await world({ 'a/1': '1' });
    const outcome = await publish(repository, draft('ours', { 'a/1': '2' }));
    const since = outcome.kind === 'pushed' ? outcome.commits[0] : undefined;
    await remote.seed({ 'a/1': 'theirs' }, { message: 'theirs' });

    const found = await repository.history(await latest(repository), since as CommitId, 'a');

    expect(found).toMatchObject({ kind: 'descends', commits: [{ subject: 'theirs' }] });
  });

  it('follows merges, naming only commits that changed the path themselves', async () => {
    const { remote, repository } = await world({ 'a/1': '1', 'b/1': '1' });
    const since = (await remote.head()) as CommitId;
    await remote.git('branch', 'side');
    await remote.seed({ 'a/1': 'side' }, { branch: 'side', message: 'side edits a' });
    await remote.seed({ 'b/1': 'main' }, { message: 'main edits b' });
    const tree = (await remote.git('merge-tree', '--write-tree', 'main', 'side')).trim();
    const merge = (await remote.git('commit-tree', tree, '-p', 'main', '-p', 'side', '-m', 'merge side')).trim();
    await remote.git('update-ref', 'refs/heads/main', merge);

    const found = await repository.history(await latest(repository), since, 'a');

    expect(found.kind === 'descends' && found.commits.map(({ subject }) => subject)).toEqual(['side edits a']);
  });

  it('agrees with git log about every path, come, gone or changed', async () => {
    const { remote, open } = await world({ 'a/b/c/d': '0', 'a/x': '0', y: '0' });
    const since = (await remote.head()) as CommitId;
    const steps: readonly Readonly<Record<string, string | null>>[] = [
      { 'a/b/c/d': '1' },
      { 'n/1/x': '1', 'n/2/x': '1' },
      { 'n/1/x': '2' },
      { 'a/b/c/d': null, 'a/b': 'a file now' },
      { 'n/2/x': null },
      { 'a/b': null, 'a/b/c/d': 'a folder again' },
      { y: '1', 'n/1/y': '1' },
    ];
    for (const [n, files] of steps.entries()) await remote.seed(files, { message: `step ${n}` });
    const repository = await open();
    const snapshot = await latest(repository);

    for (const path of [
      'a',
      'a/b',
      'a/b/c',
      'a/b/c/d',
      'n',
      'n/1',
      'n/2',
      'n/2/x',
      'n/1/y',
      'y',
      'a/x',
      'nowhere/at',
    ]) {
      const expected = (await remote.git('log', '--format=%s', `${since}..main`, '--', path))
        .split('\n')
        .filter(Boolean);
      const found = await repository.history(snapshot, since, path);
      expect(found.kind === 'descends' && found.commits.map(({ subject }) => subject), path).toEqual(expected);
    }
  });

  it('tells what a folder held after each commit, however deep, and nothing where there was none', async () => {
    const { remote, repository } = await world({ 'b/1': '1' });
    const before = (await remote.head()) as CommitId;
    const first = (await remote.seed({ 'a/x/1': '1', 'a/x/y/2': '2', 'a/x/y/z/3': '3' })) as CommitId;
    const second = (await remote.seed({ 'a/x/1': 'other', 'a/x/y/2': null })) as CommitId;
    await remote.seed({ 'a/x/1': null, 'a/x/y/z/3': null, 'a/x': 'a file now' });
    const last = (await latest(repository)).head as CommitId;

    const found = await repository.filesAt([before, first, second, last], 'a/x');

    const shown = (id: CommitId) =>
      (found.get(id) ?? []).map(({ path, id: blob }) => `${path} ${blob.slice(0, 4)}`).sort();
    const at = (path: string, text: string) => `${path} ${blobId(text).slice(0, 4)}`;
    expect(shown(before)).toEqual([]);
    expect(shown(first)).toEqual([at('1', '1'), at('y/2', '2'), at('y/z/3', '3')].sort());
    expect(shown(second)).toEqual([at('1', 'other'), at('y/z/3', '3')].sort());
    expect(shown(last)).toEqual([]);
  });

  it('tells when history was rewritten', async () => {
    const { remote, repository } = await world({ a: '1' });
    await remote.seed({ a: '2' });
    const since = (await remote.head()) as CommitId;
    await remote.git('update-ref', 'refs/heads/kept', since);
    await remote.git('update-ref', 'refs/heads/main', `${since}~1`);
    await remote.seed({ a: '3' });

    const snapshot = await latest(repository);

    expect(await repository.history(snapshot, since, 'a')).toEqual({ kind: 'rewritten' });
    expect(await repository.history(snapshot, '1'.repeat(40) as CommitId, '')).toEqual({ kind: 'rewritten' });
  });

  it('lists recent commits by their committer time', async () => {
    const { repository } = await world(null);
    const at = (minute: number): Date => new Date(when.getTime() + minute * 60_000);
    await publish(
      repository,
      draft('old', { 'a/1': '1' }, at(0)),
      draft('b', { 'b/1': '1' }, at(10)),
      draft('a', { 'a/1': '2' }, at(20)),
    );
    const snapshot = await latest(repository);
    const subjects = async (after: Date, path: string) =>
      (await repository.recent(snapshot, after, path)).map(({ subject }) => subject);

    expect(await subjects(at(5), '')).toEqual(['a', 'b']);
    expect(await subjects(at(10), 'b')).toEqual(['b']);
    expect(await subjects(at(0), 'a')).toEqual(['a', 'old']);
    expect(await subjects(at(30), '')).toEqual([]);
  });
}

function publishingContract({ server, world, capabilities }: Context): void {
  it('pushes one commit a draft, in their order, and knows the new head without asking', async () => {
    const { remote, repository } = await world({ 'README.md': 'hello\n', 'old/file': 'x\n' });
    const snapshot = await latest(repository);

    const outcome = await repository.publish(snapshot, [
      draft('deploy(a): one', { 'deployments/a/x.yaml': 'x: 1\n', 'deployments/a/y.yaml': 'y: 1\n' }),
      draft('deploy(b): two', { 'deployments/b/x.yaml': 'x: 2\n' }),
      draft('remove(old): three', { 'old/': null }),
    ]);

    expect(outcome).toMatchObject({ kind: 'pushed' });
    const log = await remote.log();
    expect(log.map(({ subject }) => subject)).toEqual([
      'remove(old): three',
      'deploy(b): two',
      'deploy(a): one',
      'seed',
    ]);
    expect(log[0]).toMatchObject({ author: 'Grace <grace@example.com>', committer: 'Towpath <towpath@example.com>' });
    if (outcome.kind === 'pushed') {
      expect(outcome.commits).toEqual(
        log
          .slice(0, 3)
          .reverse()
          .map(({ id }) => id),
      );
      expect(outcome.snapshot.head).toBe(await remote.head());
      await settled(server());
      expect(outcome.snapshot.list('deployments/a')?.map(({ name }) => name)).toEqual(['x.yaml', 'y.yaml']);
      expect(outcome.snapshot.list('old')).toBeNull();
      expect(server().requests).toHaveLength(0);
    }
    expect(await remote.tree()).toEqual({
      'README.md': 'hello\n',
      'deployments/a/x.yaml': 'x: 1\n',
      'deployments/a/y.yaml': 'y: 1\n',
      'deployments/b/x.yaml': 'x: 2\n',
    });
    await remote.fsck();
  });

  it('goes on from its own snapshot', async () => {
    const { remote, repository } = await world({});
    let outcome = await publish(repository, draft('0', { 'd/0': '0' }));
    for (let n = 1; n < 5 && outcome.kind === 'pushed'; n++) {
      outcome = await repository.publish(outcome.snapshot, [
        draft(`${n}`, { [`d/${n}`]: `${n}`, [`d/${n - 1}`]: null }),
      ]);
    }

    expect(outcome.kind).toBe('pushed');
    expect(await remote.tree()).toEqual({ 'd/4': '4' });
    await remote.fsck();
  });

  it('deletes files and lets empty folders vanish', async () => {
    const { remote, repository } = await world({ 'a/b/c': '1', 'a/d': '2', 'e/f/g': '3' });

    await publish(repository, draft('delete', { 'e/f/g': null, 'a/b/c': null, 'not/there': null, 'neither/': null }));

    expect(await remote.tree()).toEqual({ 'a/d': '2' });
    await remote.fsck();
  });

  it('empties a folder and fills it again in one commit', async () => {
    const { remote, repository } = await world({ 'a/x': '1', 'a/y': '2', 'a/z/q': '3', b: '4' });
    const snapshot = await latest(repository);
    const both = draft('again', { 'a/': null, 'a/y': 'new', 'a/w': 'w' });

    await repository.publish(snapshot, [both]);

    expect(await remote.tree()).toEqual({ 'a/y': 'new', 'a/w': 'w', b: '4' });
    await remote.fsck();
  });

  it('makes the branch of an empty repository', async () => {
    const { remote, repository } = await world(null);

    const outcome = await publish(repository, draft('first', { 'a/b': 'c' }));

    expect(outcome.kind).toBe('pushed');
    expect((await remote.log()).map(({ parents }) => parents)).toEqual([[]]);
    await remote.fsck();
  });

  if (capabilities.createBranch) {
    it('begins a branch among others only when told to', async () => {
      const { remote, open } = await world(null);
      await remote.seed({ a: '1' }, { branch: 'trunk' });
      const repository = await open({ branch: 'live', createBranch: true });

      const outcome = await publish(repository, draft('first', { b: '2' }));

      expect(outcome.kind).toBe('pushed');
      expect(await remote.tree('live')).toEqual({ b: '2' });
      expect(await remote.tree('trunk')).toEqual({ a: '1' });
    });
  }

  it('sends nothing for no drafts, and refuses one that changes nothing', async () => {
    const { remote, repository } = await world({ a: '1' });
    const snapshot = await latest(repository);
    await settled(server());

    expect(await repository.publish(snapshot, [])).toMatchObject({ kind: 'pushed', commits: [] });
    const error = await repository.publish(snapshot, [draft('no-op', { a: '1' })]).catch(asTowpathError);

    expect(error).toMatchObject({ kind: 'terminal', reason: 'EmptyCommit' });
    expect(server().requests).toHaveLength(0);
    expect(await remote.log()).toHaveLength(1);
  });

  it('lets no name break out of its commit line', async () => {
    const { remote, repository } = await world();
    const evil = { name: 'Eve <eve@x>\ncommitter Mallory', email: 'a@b>\nparent 1234', at: when };

    await repository.publish(await latest(repository), [
      { ...draft('subject', { a: 'x' }), author: evil, message: 'subject\n\nbody \u0000 with zero\r\nlines' },
    ]);

    const [commit] = await remote.log();
    expect(commit?.author).toBe('Eve eve@x committer Mallory <a@b parent 1234>');
    expect(commit?.committer).toBe('Towpath <towpath@example.com>');
    expect(commit?.body).toBe('body  with zero\nlines\n');
    await remote.fsck();
  });
}

function faultContract({ server, world, capabilities }: Context): void {
  it('answers moved when somebody was faster, and writes nothing', async () => {
    const { remote, repository } = await world();
    const snapshot = await latest(repository);
    await remote.seed({ theirs: '1' }, { message: 'theirs' });

    const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' })]);

    expect(outcome).toEqual({ kind: 'moved' });
    expect((await remote.log()).map(({ subject }) => subject)).toEqual(['theirs', 'seed']);
    expect((await publish(repository, draft('ours', { ours: '1' }))).kind).toBe('pushed');
    expect(await remote.tree()).toMatchObject({ ours: '1', theirs: '1' });
  });

  if (capabilities.overHttp) {
    it.each([
      ['the answer is lost', { kind: 'lose-answer' as const }],
      ['the answer is cut short', { kind: 'cut-answer' as const, afterBytes: 9 }],
      ['the request is cut short', { kind: 'cut-request' as const, afterBytes: 60 }],
      ['a proxy answers 502 instead', { kind: 'status' as const, status: 502 }],
    ])('commits exactly once when %s', async (_name, fault) => {
      const { remote, repository } = await world();
      const snapshot = await latest(repository);
      server().inject(fault);

      const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' })]);

      expect(outcome.kind).toBe('pushed');
      expect((await remote.log()).map(({ subject }) => subject)).toEqual(['ours', 'seed']);
      await remote.fsck();
    });
  }

  if (capabilities.overHttp) {
    it('finds its commit below what others pushed after the answer was lost', async () => {
      const { remote, repository } = await world();
      const snapshot = await latest(repository);
      server().inject({ kind: 'lose-answer' });
      server().inject({
        kind: 'before',
        on: { path: /git-upload-pack$/ },
        run: () => remote.seed({ theirs: '1' }, { message: 'theirs' }),
      });

      const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' })]);

      expect(outcome.kind).toBe('pushed');
      expect((await remote.log()).map(({ subject }) => subject)).toEqual(['theirs', 'ours', 'seed']);
    });
  }

  it('names a lock left over on the server instead of trying for ever', async () => {
    const { remote, repository } = await world();
    const snapshot = await latest(repository);
    await writeFile(`${remote.path}/refs/heads/main.lock`, '');

    const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' })]);

    expect(outcome).toMatchObject({ kind: 'denied', class: 'denied' });
    expect(outcome.kind === 'denied' && outcome.message).toMatch(/lock/);
    await rm(`${remote.path}/refs/heads/main.lock`);
    expect((await publish(repository, draft('ours', { ours: '1' }))).kind).toBe('pushed');
  });

  if (capabilities.hooks !== false) {
    it('repeats what a hook says when it refuses', async () => {
      const { remote, repository } = await world();
      const snapshot = await latest(repository);
      await mkdir(`${remote.path}/hooks`, { recursive: true });
      await writeFile(`${remote.path}/hooks/pre-receive`, '#!/bin/sh\necho "only on Tuesdays" >&2\nexit 1\n', {
        mode: 0o755,
      });

      const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' })]);

      expect(outcome).toMatchObject({ kind: 'denied', class: 'policy' });
      expect(outcome.kind === 'denied' && outcome.message).toContain('only on Tuesdays');
      expect((await remote.log()).map(({ subject }) => subject)).toEqual(['seed']);
    });
  }

  it('loses nothing and writes nothing twice against a competitor', async () => {
    const { remote, repository } = await world({});
    // Who fetches everything is slow and loses most races, so there the other one gives up some time.
    const [rounds, mostPushes] = capabilities.partialFetch ? [6, Number.POSITIVE_INFINITY] : [2, 8];
    const competitor = await startCompetitor(remote, mostPushes);

    for (let n = 0; n < rounds; n++) {
      let outcome: PushOutcome = { kind: 'moved' };
      while (outcome.kind === 'moved') outcome = await publish(repository, draft(`ours ${n}`, { [`ours/${n}`]: 'x' }));
      expect(outcome.kind).toBe('pushed');
    }
    const theirs = await competitor.stop();

    const subjects = (await remote.log()).map(({ subject }) => subject);
    expect(subjects.filter((subject) => subject.startsWith('ours')).reverse()).toEqual(
      Array.from({ length: rounds }, (_, n) => `ours ${n}`),
    );
    expect(subjects.filter((subject) => subject === 'theirs')).toHaveLength(theirs);
    expect(Object.keys(await remote.tree())).toHaveLength(rounds + theirs);
    await remote.fsck();
  });
}

/** Native git that fetches, commits and pushes to the same branch until it is stopped; answers how often it won. */
async function startCompetitor(remote: TestRepository, mostPushes: number): Promise<{ stop(): Promise<number> }> {
  const folder = await temporaryFolder('competitor');
  await nativeGit(['clone', '-q', '--bare', remote.url, folder]);
  const git = (...args: readonly string[]) => nativeGit(['-C', folder, ...args]);
  let stopped = false;
  let won = 0;
  const push = async (): Promise<void> => {
    await git('fetch', '-q', 'origin', '+main:main');
    const input = `commit refs/heads/main\ncommitter C <c@x> 1 +0000\ndata 6\ntheirs\nfrom refs/heads/main^0\nM 100644 inline theirs/${won}\ndata 1\nx\n`;
    await nativeGit(['-C', folder, 'fast-import', '--quiet'], { input });
    await git('push', '-q', 'origin', 'main').then(
      () => won++,
      () => undefined,
    );
  };
  const running = (async () => {
    while ((!stopped || won < 3) && won < mostPushes) await push();
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
      return won;
    },
  };
}
