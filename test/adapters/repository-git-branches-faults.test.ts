/** What the git adapter does with branches beyond the contract: cut connections, odd servers, few requests, memory. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitRepository, type GitRepositoryOptions } from '../../src/adapters/repository/repository.ts';
import { asTowpathError } from '../../src/domain/failure.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { latest, proposalOf, propose } from '../contract/branches.ts';
import { beforePushTo, type Changes, type RealWorld, realWorld, writeHook } from '../contract/branches-world.ts';
import { draft, settled } from '../contract/repository.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';

const { changes: _, ...merge } = draft('Merge a', {});
const names = ['a', 'b', 'c'];
const faults = [
  ['the answer is lost', { kind: 'lose-answer' as const }],
  ['the answer is cut short', { kind: 'cut-answer' as const, afterBytes: 9 }],
  ['the request is cut short', { kind: 'cut-request' as const, afterBytes: 60 }],
  ['a proxy answers 502 instead', { kind: 'status' as const, status: 502 }],
] as const;

describe('branches of GitRepository', () => {
  let server: GitServer;
  let count = 0;
  const opened: GitRepository[] = [];
  beforeAll(async () => {
    server = await startGitServer();
  });
  afterAll(async () => {
    for (const repository of opened) await repository.close();
    await server.close();
  });

  const makeWorld = async (
    files: Changes = { 'README.md': 'hello\n', 'deployments/old/x': '1' },
    options: Partial<GitRepositoryOptions> = {},
  ): Promise<RealWorld> => {
    const remote = await server.repository(`branch-faults-${count++}`);
    const open = (): GitRepository => {
      const transport = new HttpTransport({ url: remote.url });
      const repository = new GitRepository({ branch: 'main', transport, ...options });
      opened.push(repository);
      return repository;
    };
    return realWorld(remote, files, open, beforePushTo(server));
  };
  const tipsOf = (world: RealWorld) => Promise.all(names.map((name) => world.tip(`towpath/${name}`)));
  /** Paths that were asked for since the last call, once the last of them has been written down. */
  const requests = async (expected: readonly string[]): Promise<void> => {
    await expect.poll(() => server.requests.map(({ path }) => path.split('/').at(-1))).toEqual(expected);
    server.requests.length = 0;
  };
  const quiet = () => settled(server);

  describe('cut connections', () => {
    it.each(faults)('makes each branch exactly once when %s', async (_name, fault) => {
      const world = await makeWorld();
      const { snapshot } = await latest(world);
      server.inject(fault);

      const outcomes = await world.repository.propose(
        snapshot,
        names.map((name) => proposalOf(name)),
      );

      expect(outcomes).toEqual((await tipsOf(world)).map((commit) => ({ kind: 'pushed', commit })));
      for (const name of names) expect(await world.log(`towpath/${name}`)).toHaveLength(2);
      expect(server.pendingFaults).toHaveLength(0);
      await world.remote.fsck();
    });

    it.each(faults)('takes each branch away when %s', async (_name, fault) => {
      const world = await makeWorld();
      await propose(world, ...names);
      const { tips } = await latest(world);
      server.inject(fault);

      await world.repository.remove(tips);

      expect(await tipsOf(world)).toEqual([null, null, null]);
    });

    it.each(faults)('merges exactly once when %s', async (_name, fault) => {
      const world = await makeWorld();
      await propose(world, ...names);
      const { snapshot, tips } = await latest(world);

      server.inject(fault);
      const first = await world.repository.merge(snapshot, tips.get('towpath/a') as CommitId, merge);
      const next = first.kind === 'pushed' ? first.snapshot : snapshot;
      server.inject(fault);
      const second = await world.repository.merge(next, tips.get('towpath/b') as CommitId, merge);

      expect([first.kind, second.kind]).toEqual(['pushed', 'pushed']);
      expect(await world.log()).toEqual(['Merge a', 'deploy(a): one', 'seed']);
      expect(await world.files()).toMatchObject({ 'deployments/a/x': 'a\n', 'deployments/b/x': 'b\n' });
      await world.remote.fsck();
    });

    it('leaves to a person what he pushed on top of ours after the answer was lost', async () => {
      const world = await makeWorld();
      const { snapshot } = await latest(world);
      server.inject({ kind: 'lose-answer' });
      server.inject({
        kind: 'before',
        on: { path: /git-upload-pack$/ },
        run: () => world.commit({ mine: '1' }, 'towpath/b'),
      });

      const outcomes = await world.repository.propose(
        snapshot,
        names.map((name) => proposalOf(name)),
      );

      expect(outcomes.map(({ kind }) => kind)).toEqual(['pushed', 'moved', 'pushed']);
      expect(await world.log('towpath/b')).toEqual(['theirs', 'deploy(b): one', 'seed']);
    });

    it('gives up for now on a server that never answers a push', async () => {
      const world = await makeWorld();
      const { snapshot } = await latest(world);
      for (let n = 0; n < 3; n++) server.inject({ kind: 'status', status: 503 });

      const error = await world.repository.propose(snapshot, [proposalOf('a')]).catch(asTowpathError);

      expect(error).toMatchObject({ kind: 'transient', reason: 'GitUnreachable' });
      expect(String(error)).toContain('Cannot push to branch "towpath/a" of http');
      expect(server.pendingFaults).toHaveLength(0);
      expect(await world.tip('towpath/a')).toBeNull();
    });
  });

  describe('what a server refuses', () => {
    it('makes a branch beside a tag of the same name', async () => {
      const world = await makeWorld();
      await world.remote.git('tag', 'towpath/a', 'main');

      const [outcome] = await propose(world, 'a');

      expect(outcome).toEqual({ kind: 'pushed', commit: await world.tip('towpath/a') });
      const { tips } = await latest(world);
      await world.repository.remove(tips);
      expect(await world.tip('towpath/a')).toBeNull();
      expect((await world.remote.git('tag')).trim()).toBe('towpath/a');
    });

    it('names a lock left over on the server, and lets the others through', async () => {
      const world = await makeWorld();
      const { snapshot } = await latest(world);
      const lock = `${world.remote.path}/refs/heads/towpath/b.lock`;
      await mkdir(dirname(lock), { recursive: true });
      await writeFile(lock, '');

      const outcomes = await world.repository.propose(
        snapshot,
        names.map((name) => proposalOf(name)),
      );

      expect(outcomes.map(({ kind }) => kind)).toEqual(['pushed', 'denied', 'pushed']);
      expect(outcomes[1]?.kind === 'denied' && outcomes[1].message).toContain('refs/heads/towpath/b.lock');
      await rm(lock);
      expect(await propose(world, 'b')).toMatchObject([{ kind: 'pushed' }]);
    });

    it('finds the one commit that makes a hook refuse the whole push', async () => {
      const world = await makeWorld();
      await writeHook(world.remote, 'pre-receive', 'if grep -q towpath/d-17$; then echo "no 17 here" >&2; exit 1; fi');
      const all = Array.from({ length: 40 }, (_one, n) => `d-${n}`);

      const outcomes = await propose(world, ...all);

      const refused = outcomes.flatMap((outcome, n) => (outcome.kind === 'pushed' ? [] : [[n, outcome.kind]]));
      expect(refused).toEqual([[17, 'denied']]);
      expect(outcomes[17]?.kind === 'denied' && outcomes[17].message).toContain('no 17 here');
      expect((await latest(world)).tips.size).toBe(39);
    });

    it('does not push for ever to a hook that refuses everything', async () => {
      const world = await makeWorld();
      await writeHook(world.remote, 'pre-receive', 'echo "frozen" >&2; exit 1');
      const { snapshot } = await latest(world);
      await quiet();

      const drafts = Array.from({ length: 40 }, (_one, n) => proposalOf(`d-${n}`));
      const outcomes = await world.repository.propose(snapshot, drafts);

      expect(outcomes.every((outcome) => outcome.kind === 'denied' && outcome.class === 'policy')).toBe(true);
      const pushes = server.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('receive-pack'));
      expect(pushes.length).toBeLessThanOrEqual(20);
    });

    it('says that it may not delete branches', async () => {
      const world = await makeWorld();
      await propose(world, 'a');
      const { tips } = await latest(world);
      await world.remote.git('config', 'receive.denyDeletes', 'true');

      const error = await world.repository.remove(tips).catch(asTowpathError);

      expect(error).toMatchObject({ kind: 'terminal', reason: 'GitPermission' });
      expect(String(error)).toContain('Cannot delete branch "towpath/a"');
      expect(await world.tip('towpath/a')).not.toBeNull();
    });
  });

  it('signs proposals and merges, and a fast-forward keeps the signature that was reviewed', async () => {
    const sign = async () => '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----';
    const world = await makeWorld({ a: '1' }, { sign });
    await propose(world, 'a', 'b');
    const { snapshot, tips } = await latest(world);

    const first = await world.repository.merge(snapshot, tips.get('towpath/a') as CommitId, merge);
    const next = first.kind === 'pushed' ? first.snapshot : snapshot;
    await world.repository.merge(next, tips.get('towpath/b') as CommitId, merge);

    for (const commit of ['main', 'main^1', 'main^2']) {
      expect(await world.remote.git('cat-file', 'commit', commit)).toContain('\ngpgsig -----BEGIN SSH SIGNATURE-----');
    }
    await world.remote.fsck();
  });

  it('makes three hundred branches in one push, which native git reads', async () => {
    const files = Object.fromEntries(Array.from({ length: 900 }, (_one, n) => [`deployments/d-${n}/x`, `${n}`]));
    const world = await makeWorld(files);
    const { snapshot } = await latest(world);
    await quiet();

    const drafts = Array.from({ length: 300 }, (_one, n) => proposalOf(`d-${n}`));
    const outcomes = await world.repository.propose(snapshot, drafts);

    expect(outcomes.every(({ kind }) => kind === 'pushed')).toBe(true);
    await expect.poll(() => server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    // Whole, the trees of the folder alone would be some twelve megabytes.
    expect(server.requests.at(-1)?.bytesIn).toBeLessThan(300_000);
    expect(await world.files('towpath/d-299')).toEqual({ ...files, 'deployments/d-299/x': 'd-299\n' });
    await world.remote.fsck();
  });

  describe('few requests', () => {
    it('asks once where the branches are, once what they hold, and then no more', async () => {
      const world = await makeWorld();
      await propose(world, ...names);
      const repository = await world.open();
      await quiet();

      const { tips, snapshot } = await latest({ repository });
      await requests(['refs?service=git-upload-pack', ...Array.from({ length: 3 }, () => 'git-upload-pack')]);

      await repository.read(snapshot, tips);
      await requests([]);
      await world.commit({ other: '1' });
      await latest({ repository });
      await requests(['git-upload-pack', 'git-upload-pack']);
    });

    it('needs none to know what it has proposed itself, on a base that goes on', async () => {
      const world = await makeWorld();
      await propose(world, ...names);
      await world.commit({ other: '1' });
      await world.merge('towpath/a', 'merge');
      await quiet();

      const { proposals } = await latest(world);

      await requests(['git-upload-pack', 'git-upload-pack']);
      expect([...proposals.values()].map(({ commits }) => commits.length)).toEqual([0, 1, 1]);
    });

    it('does not fetch the base’s past with a branch that was merged', async () => {
      const world = await makeWorld();
      const past = Array.from({ length: 80 }, (_one, n) => draft(`${n}`, { [`deployments/d-${n}/x`]: `${n}` }));
      await world.repository.publish((await latest(world)).snapshot, past);
      const repository = await world.open();
      await latest({ repository });
      await propose(world, 'a');
      await world.commit({ other: '1' });
      await latest({ repository });
      await world.merge('towpath/a', 'merge');
      const { head } = await repository.tips('towpath/');
      await quiet();

      await repository.snapshot(head);

      await expect.poll(() => server.requests.length).toBe(1);
      expect(server.requests[0]?.bytesOut).toBeLessThan(2500);
    });

    it('works with a server that has no filters', async () => {
      const world = await makeWorld();
      await world.remote.git('config', 'uploadpack.allowFilter', 'false');
      const old = await world.tip();
      const tip = await world.commit({ 'deployments/a/x': '1' }, 'towpath/a');
      await world.commit({ 'deployments/old/x': '2' });
      const repository = await world.open();

      const { snapshot, proposals } = await latest({ repository });
      const outcome = await repository.merge(snapshot, tip, merge);

      expect(proposals.get('towpath/a')?.commits).toMatchObject([{ id: tip, parents: [old] }]);
      expect(outcome.kind).toBe('pushed');
      expect(await world.files()).toEqual({
        'README.md': 'hello\n',
        'deployments/a/x': '1',
        'deployments/old/x': '2',
      });
    });
  });

  it('keeps branches that are listed through a sweep of memory, and lets go of the others', async () => {
    const long = 'n'.repeat(200);
    const files = Object.fromEntries(Array.from({ length: 8000 }, (_one, n) => [`deployments/${long}-${n}`, '1']));
    const world = await makeWorld(files);
    await propose(world, 'a', 'b');
    const { proposals } = await latest(world);
    await world.set('towpath/b', null);
    let { snapshot } = await latest(world);

    // Each is a big tree of its own, until there are enough of them to be swept.
    for (let n = 0; n < 12; n++) {
      const outcome = await world.repository.publish(snapshot, [draft(`${n}`, { [`deployments/n-${n}/x`]: '1' })]);
      if (outcome.kind === 'pushed') ({ snapshot } = outcome);
    }

    expect(proposals.get('towpath/a')?.idAt('deployments/a/x')).not.toBeNull();
    expect(proposals.get('towpath/a')?.idAt(`deployments/${long}-7`)).toBe(snapshot.idAt(`deployments/${long}-7`));
    expect(() => proposals.get('towpath/b')?.idAt('deployments/b/x')).toThrow('no longer held');
  });
});
