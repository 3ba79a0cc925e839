/** Commits by GitHub's API on the base and on branches, whatever the network, other people and GitHub's rules do. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { githubApiCommits } from '../../src/adapters/forge/github/commits.ts';
import { githubHttp } from '../../src/adapters/forge/github/http.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import type { CommitDraft } from '../../src/domain/commit.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { proposalOf } from '../contract/branches.ts';
import type { WholeRepository } from '../contract/branches-world.ts';
import { draft } from '../contract/repository.ts';
import type { ForgeFault } from '../support/forge-server.ts';
import type { ServedRepository } from '../support/forge-server-pulls.ts';
import { type GithubServer, startGithubServer } from '../support/github-server.ts';
import type { TestRepository } from '../support/test-repository.ts';

const path = 'acme/environments';
let server: GithubServer;
let served: ServedRepository;
let git: TestRepository;
let repository: WholeRepository;

beforeEach(async () => {
  server = await startGithubServer();
  served = await server.repository(path, { towpath: 'write' });
  git = served.git;
  repository = open();
});
afterEach(async () => {
  await repository.close();
  await server.close();
});

function open(budget?: { take(kind: string): void }): WholeRepository {
  const token = server.token('towpath');
  const credentials = async () => ({ kind: 'basic' as const, username: 'x-access-token', password: token });
  const reading = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: git.url, credentials }) });
  const http = githubHttp({ apiUrl: server.apiUrl, token: async () => token, ...(budget ? { budget } : {}) });
  return githubApiCommits({ repository: reading, http, name: path });
}

async function latest() {
  return repository.snapshot(await repository.head());
}

async function publish(...drafts: readonly CommitDraft[]) {
  return repository.publish(await latest(), drafts);
}

function commitFault(does: ForgeFault['does']): void {
  server.faults.push({ on: { method: 'POST', path: /graphql$/ }, does });
}

async function temporaryBranches(): Promise<string> {
  return (await git.git('for-each-ref', '--format=%(refname)', 'refs/heads/towpath-tmp', 'refs/heads/main-tmp')).trim();
}

describe('on the base', () => {
  it('makes one commit a draft, signed for the App, and goes on from its own snapshot', async () => {
    await git.seed({ 'README.md': 'hello\n', 'old/file': 'x\n', 'old/deep/file': 'y\n' });

    const outcome = await publish(
      draft('deploy(a): one\n\nWhy.\n\nChange: deploy\nListener-Id: 1', { 'a/x.yaml': 'x: ü\n' }),
      draft('remove(old): two', { 'old/': null, 'nowhere/': null, 'not/there': null }),
    );

    const [second, first] = await git.log();
    expect(outcome).toMatchObject({ kind: 'pushed', commits: [first?.id, second?.id], snapshot: { head: second?.id } });
    expect(await git.tree()).toEqual({ 'README.md': 'hello\n', 'a/x.yaml': 'x: ü\n' });
    expect(first).toMatchObject({
      subject: 'deploy(a): one',
      body: 'Why.\n\nRequested-by: Grace <grace@example.com>\n\nChange: deploy\nListener-Id: 1\n',
      committer: 'GitHub <noreply@github.com>',
    });
    await git.fsck();
  });

  it('names nobody twice, and not itself', async () => {
    await git.seed({ a: '1' });
    const asked = draft('deploy(a): one\n\nAsked for by Grace <grace@example.com>.', { b: '1' });
    const own = draft('rerender(a): two', { c: '1' });

    await publish(asked, { ...own, author: own.committer });

    expect((await git.log()).map(({ body }) => body)).toEqual(['', 'Asked for by Grace <grace@example.com>.\n', '']);
  });

  it('lets files and folders take each other’s place', async () => {
    await git.seed({ 'a/x': '1', 'a/y': '2', b: '3', 'c/z': '4' });

    await publish(draft('swap', { a: 'a file now', 'b/deep/x': 'a folder now', 'c/': null, 'c/new': '5' }));

    expect(await git.tree()).toEqual({ a: 'a file now', 'b/deep/x': 'a folder now', 'c/new': '5' });
  });

  it('answers moved where somebody was faster, and writes nothing', async () => {
    await git.seed({ a: '1' });
    const snapshot = await latest();
    await git.seed({ theirs: '1' }, { message: 'theirs' });

    const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' })]);

    expect(outcome).toEqual({ kind: 'moved' });
    expect((await git.log()).map(({ subject }) => subject)).toEqual(['theirs', 'seed']);
  });

  it('goes on in a repository that was renamed', async () => {
    await git.seed({ a: '1' });
    const snapshot = await latest();
    server.rename(path, 'acme/production');

    const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' })]);

    expect(outcome).toMatchObject({ kind: 'pushed' });
    expect((await git.log()).map(({ subject }) => subject)).toEqual(['ours', 'seed']);
  });

  it('knows GitHub’s other words for that', async () => {
    await git.seed({ a: '1' });
    const message = `Ref refs/heads/main is at ${'a'.repeat(40)} but expected ${'b'.repeat(40)}`;
    commitFault({ kind: 'answer', answer: { status: 200, body: { errors: [{ type: 'UNPROCESSABLE', message }] } } });

    expect(await publish(draft('ours', { ours: '1' }))).toEqual({ kind: 'moved' });
  });

  it.each<[string, ForgeFault['does']]>([
    ['the answer is lost', { kind: 'lose-answer' }],
    ['the answer is cut short', { kind: 'cut' }],
    ['the request never arrives', { kind: 'hang-up' }],
    ['GitHub answers 502 instead', { kind: 'answer', answer: { status: 502, body: '<html>Unicorn!</html>' } }],
  ])('commits exactly once when %s', async (_name, does) => {
    await git.seed({ a: '1' });
    const snapshot = await latest();
    commitFault(does);

    const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' }), draft('more', { more: '1' })]);

    expect(outcome.kind).toBe('pushed');
    expect((await git.log()).map(({ subject }) => subject)).toEqual(['more', 'ours', 'seed']);
  });

  it('does not take somebody else’s commit for its own after a lost request', async () => {
    await git.seed({ a: '1' });
    const snapshot = await latest();
    commitFault({ kind: 'hang-up', run: () => git.seed({ ours: 'theirs' }, { message: 'ours' }) });

    const outcome = await repository.publish(snapshot, [draft('ours', { ours: '1' })]);

    expect(outcome).toEqual({ kind: 'moved' });
    expect(await git.tree()).toEqual({ a: '1', ours: 'theirs' });
  });

  it('gives up after a few tries where GitHub stays away', async () => {
    await git.seed({ a: '1' });
    const snapshot = await latest();
    for (let n = 0; n < 3; n++) commitFault({ kind: 'hang-up' });

    const pushing = repository.publish(snapshot, [draft('ours', { ours: '1' })]);

    await expect(pushing).rejects.toMatchObject({ kind: 'transient', reason: 'ForgeUnreachable' });
    expect(await git.log()).toHaveLength(1);
  });

  it('says which rule refuses it', async () => {
    await git.seed({ a: '1' });
    served.protection = { approvals: 1, strict: false, checks: [] };

    const outcome = await publish(draft('ours', { ours: '1' }));

    expect(outcome).toMatchObject({ kind: 'denied', class: 'policy' });
    expect(outcome.kind === 'denied' && outcome.message).toContain('Changes must be made through a pull request');
  });

  it('cannot begin an empty repository, nor make an empty commit', async () => {
    const empty = await publish(draft('first', { a: '1' })).catch((error: unknown) => error);
    await git.seed({ a: '1' });
    const nothing = await publish(draft('no-op', { a: '1' })).catch((error: unknown) => error);

    expect(empty).toMatchObject({ kind: 'terminal', reason: 'EmptyRepository' });
    expect(nothing).toMatchObject({ kind: 'terminal', reason: 'EmptyCommit' });
    expect(await publish()).toMatchObject({ kind: 'pushed', commits: [] });
    expect(await git.log()).toHaveLength(1);
  });
});

describe('on branches', () => {
  beforeEach(() => git.seed({ 'README.md': 'hello\n' }));

  it('makes many by few requests, and leaves no temporary branch', async () => {
    const taken: string[] = [];
    repository = open({ take: (kind) => void taken.push(kind) });
    const names = Array.from({ length: 12 }, (_, n) => `agent-${n}`);

    const outcomes = await repository.propose(
      await latest(),
      names.map((name) => proposalOf(name)),
    );

    expect(outcomes.map(({ kind }) => kind)).toEqual(names.map(() => 'pushed'));
    // One a commit, and two for each ten.
    expect(taken).toHaveLength(12 + 2 * 2);
    expect(await temporaryBranches()).toBe('');
  });

  it.each([1, 2, 3, 4])('makes each once though the answer to request %i is lost', async (nth) => {
    const snapshot = await latest();
    const on = { method: 'POST', path: /graphql$/ };
    for (let n = 1; n < nth; n++) server.faults.push({ on, does: { kind: 'before', run: async () => undefined } });
    server.faults.push({ on, does: { kind: 'lose-answer' } });

    const outcomes = await repository.propose(snapshot, [proposalOf('a'), proposalOf('b')]);

    expect(outcomes.map(({ kind }) => kind)).toEqual(['pushed', 'pushed']);
    for (const name of ['a', 'b']) expect(await git.log(`towpath/${name}`)).toHaveLength(2);
    expect(await temporaryBranches()).toBe('');
  });

  it('writes over what a kill left behind', async () => {
    await git.git('branch', 'towpath-tmp/a', 'main');
    await git.seed({ half: 'made' }, { branch: 'towpath-tmp/a' });

    const [outcome] = await repository.propose(await latest(), [proposalOf('a')]);

    expect(outcome).toMatchObject({ kind: 'pushed' });
    expect(await git.tree('towpath/a')).toEqual({ 'README.md': 'hello\n', 'deployments/a/x': 'a\n' });
    expect(await temporaryBranches()).toBe('');
  });

  it('keeps what was done where the budget ends in the middle, and tidies up the rest', async () => {
    let left = 15;
    const take = (): void => {
      left -= 1;
      if (left < 0) throw new TowpathError('waiting', 'ForgeBudget', 'Cannot ask for more', { retryAfterMs: 1000 });
    };
    repository = open({ take });
    const names = Array.from({ length: 12 }, (_, n) => `agent-${n}`);

    const proposing = repository.propose(
      await latest(),
      names.map((name) => proposalOf(name)),
    );

    await expect(proposing).rejects.toMatchObject({ kind: 'waiting', reason: 'ForgeBudget' });
    expect((await repository.tips('towpath/')).tips.size).toBe(10);
    expect(await temporaryBranches()).toBe('');
  });

  it('refuses them in an empty repository', async () => {
    await git.git('update-ref', '-d', 'refs/heads/main');

    await expect(repository.propose(await latest(), [proposalOf('a')])).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'EmptyRepository',
    });
  });

  it('merges once though the answer is lost, and leaves no temporary branch', async () => {
    const { changes: _, ...merge } = draft('Merge a', {});
    await repository.propose(await latest(), [proposalOf('a')]);
    await git.seed({ other: '1' });
    const { head, tips } = await repository.tips('towpath/');
    const tip = tips.get('towpath/a');
    server.faults.push({ on: { path: /\/merges$/ }, does: { kind: 'lose-answer' } });

    const outcome = tip && (await repository.merge(await repository.snapshot(head), tip, merge));

    expect(outcome).toMatchObject({ kind: 'pushed' });
    expect((await git.log()).filter(({ subject }) => subject === 'Merge a')).toHaveLength(1);
    expect((await git.log())[0]?.parents).toEqual([head, tip]);
    expect(await temporaryBranches()).toBe('');
  });
});
