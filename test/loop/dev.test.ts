/** The whole loop as a user runs it: `towpath dev` as a process, its API, its git server, its files. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTowpath } from '../support/command-line.ts';
import {
  call,
  create,
  type DevProcess,
  eventually,
  git,
  startDevProcess,
  waitForRevision,
} from '../support/dev-process.ts';
import { temporaryFolder } from '../support/temp.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const firstImage = `registry.example/agents/chat:1.0.0@${digest('a')}`;
const secondImage = `registry.example/agents/chat:1.1.0@${digest('b')}`;
const planted = 'sk-planted-7b1d4f9e2c';

let folder: string;
let dev: DevProcess;
let data: string;
let clones = 0;
const author = ['-c', 'user.name=A', '-c', 'user.email=a@x'];

beforeAll(async () => {
  folder = await temporaryFolder('dev');
  data = join(folder, 'data');
  dev = await startDevProcess(data);
});

afterAll(async () => {
  if (dev.child.exitCode === null) await dev.end('SIGKILL');
});

// One story: each test begins where the one before it ended.
describe('towpath dev', { shuffle: false }, () => {
  describe('the first start', () => {
    it('tells programs where everything is, in a file that only its owner can read', async () => {
      const { mode } = await stat(join(data, 'dev.json'));

      expect(mode & 0o777).toBe(0o600);
      expect(dev.file).toEqual({
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[0-9]+$/),
        apiKey: expect.any(String),
        workspaceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        listenerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        namespaces: {
          default: { repository: `${dev.file.url}/git/default.git` },
          'team-a': { repository: `${dev.file.url}/git/team-a.git` },
        },
      });
    });

    it('deploys a sample agent, which the printed clone line shows', async () => {
      const { body } = await call(dev.file, 'GET', '/v2/deployments?name=sample-agent');
      const revision = await waitForRevision(dev.file, body.resources[0].id);

      const line = /git clone (\S+\/default\.git)/.exec(dev.output())?.[1] ?? '';
      const clone = await cloneFrom(line);

      expect(await git(['-C', clone, 'log', '--format=%s'])).toMatch(
        /^deploy\(sample-agent\): revision 1 \([0-9a-f]{8}\)/,
      );
      expect(revision.status_message).toContain('engine none');
    });

    it('says where the keys are to be sent, and lets nobody else in', async () => {
      const strangers = await Promise.all([
        fetch(`${dev.file.url}/v2/deployments`),
        fetch(`${dev.file.namespaces['default']?.repository}/info/refs?service=git-upload-pack`),
        fetch(`${dev.file.url}/v2/deployments`, { headers: { 'X-Api-Key': 'wrong' } }),
      ]);

      expect(strangers.map((answer) => answer.status)).toEqual([401, 401, 401]);
      await expect(git(['ls-remote', repositoryWith('wrong')])).rejects.toThrow(/Authentication failed/);
    });
  });

  describe('a deployment', () => {
    let id: string;

    it('is created: one commit, DEPLOYED, and the report names the Secret that a cluster would need', async () => {
      const secrets = [{ name: 'OPENAI_API_KEY', value: planted }];
      id = await create(dev.file, { name: 'chat', image: firstImage, secrets });

      const revision = await waitForRevision(dev.file, id);

      expect(revision.status_message).toMatch(/A cluster needs Secret "chat-[0-9a-f]{10}-env-[0-9a-f]{10}"/);
      const [commit] = await commits();
      expect(commit).toBe(`deploy(chat): revision 1 (${revision.id.slice(0, 8)}), chat:1.0.0@${'a'.repeat(12)}`);
    });

    it('is updated: a second commit with the new image, and the first revision stays readable', async () => {
      await call(dev.file, 'PATCH', `/v2/deployments/${id}`, { source_revision_config: { image_uri: secondImage } });

      await eventually('both commits', async () => ((await commits()).length === 2 ? true : null));
      await waitForRevision(dev.file, id);

      const clone = await cloneFrom(repositoryWith(dev.file.apiKey));
      expect(await git(['-C', clone, 'grep', '-h', 'image: registry', 'HEAD'])).toContain(secondImage);
      expect(await git(['-C', clone, 'grep', '-h', 'image: registry', 'HEAD~1'])).toContain(firstImage);
    });

    it('has a log that tells its way, stage by stage', async () => {
      const { body } = await call(dev.file, 'POST', `/v1/projects/${id}/deploy_logs`, { limit: 100, order: 'asc' });

      const text = body.logs.map((entry: { message: string }) => entry.message).join('\n');
      expect(text).toMatch(/rendered/i);
      expect(text).toMatch(/pushed/i);
      expect(text).not.toContain(planted);
    });

    it('is deleted: its folder goes, then the API knows it no more', async () => {
      const { status } = await call(dev.file, 'DELETE', `/v2/deployments/${id}`);
      expect(status).toBeLessThan(300);

      await eventually('404', async () =>
        (await call(dev.file, 'GET', `/v2/deployments/${id}`)).status === 404 ? true : null,
      );

      const clone = await cloneFrom(repositoryWith(dev.file.apiKey));
      expect(await git(['-C', clone, 'ls-files'])).toBe('README.md\n');
      expect((await commits())[0]).toMatch(/^remove\(chat\)/);
    });
  });

  describe('the git server', () => {
    it('keeps the keys of other workspaces out, and takes no push by force but from the admin', async () => {
      const adminKey = (await readFile(join(data, 'keys/admin'), 'utf8')).trim();
      const admin = { ...dev.file, apiKey: adminKey };
      const { body: stranger } = await call(admin, 'POST', '/towpath/v1/workspaces', { name: 'strangers' });
      const asked = { kind: 'workspace', workspace_id: stranger.id, name: 'Stranger' };
      const { body: key } = await call(admin, 'POST', '/towpath/v1/keys', asked);
      const clone = await cloneFrom(repositoryWith(dev.file.apiKey));
      const rewritten = await git([...author, '-C', clone, 'commit-tree', '-m', 'Rewritten', 'HEAD^{tree}']);
      const push = (refspec: string, password: string) => git(['-C', clone, 'push', repositoryWith(password), refspec]);

      await expect(git(['ls-remote', repositoryWith(key.key)])).rejects.toThrow('403');
      await expect(push(`+${rewritten.trim()}:main`, key.key)).rejects.toThrow('403');
      await expect(push(`+${rewritten.trim()}:main`, dev.file.apiKey)).rejects.toThrow('non-fast-forward');
      await push('HEAD:kept', dev.file.apiKey);
      await expect(push(':kept', dev.file.apiKey)).rejects.toThrow('deletion prohibited');
      await push(':kept', adminKey);
      const { body: audited } = await call(admin, 'GET', '/towpath/v1/audit?outcome=refused');
      expect(audited.entries.map((entry: { key_id: string }) => entry.key_id)).toContain(key.id);
    });
  });

  describe('a second opener', () => {
    it('of the same folder is refused in a sentence, and the first one does not notice', async () => {
      const { code, stderr } = await runTowpath(['dev', '--data', data, '--port', '0']);

      expect(code).toBe(1);
      expect(stderr).toContain('is already running at');
      expect(stderr).not.toMatch(/^\s+at /m);
      expect((await call(dev.file, 'GET', '/v2/deployments')).status).toBe(200);
      expect(JSON.parse(await readFile(join(data, 'dev.json'), 'utf8'))).toEqual(dev.file);
    });

    it('of the same port is refused in a sentence', async () => {
      const port = new URL(dev.file.url).port;

      const { code, stderr } = await runTowpath(['dev', '--data', join(folder, 'other'), '--port', port]);

      expect(code).toBe(1);
      expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}: another program listens there`);
    });
  });

  describe('what cannot work', () => {
    it('is refused in a sentence: a data folder that is a file', async () => {
      const file = join(folder, 'a-file');
      await writeFile(file, '');

      const { code, stderr } = await runTowpath(['dev', '--data', file, '--port', '0']);

      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/^Cannot keep data in .*there is a file/),
      });
    });

    it('is refused in a sentence: a machine without git', async () => {
      const { code, stderr } = await runTowpath(['dev', '--data', join(folder, 'no-git'), '--port', '0'], {
        env: { PATH: '/nowhere' },
      });

      expect(code).toBe(1);
      expect(stderr).toContain('Cannot run git: the program is not in PATH; install git');
    });
  });

  describe('an old git', () => {
    it('is refused in a sentence', async () => {
      const programs = await temporaryFolder('old-git');
      await writeFile(join(programs, 'git'), '#!/bin/sh\necho git version 2.20.1\n', { mode: 0o755 });

      const { code, stderr } = await runTowpath(['dev', '--data', join(folder, 'old-git'), '--port', '0'], {
        env: { PATH: `${programs}:${process.env['PATH']}` },
      });

      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('install git 2.32 or newer') });
    });
  });

  describe('the end and the next start', () => {
    it('stops cleanly on SIGTERM, and goes on with the same keys, listener and history', async () => {
      const before = { file: dev.file, commits: await commits() };

      expect(await dev.end('SIGTERM')).toBe(0);
      expect(dev.output()).not.toMatch(/"level":"error"/);
      dev = await startDevProcess(data);

      const { url: _, namespaces: __, ...identity } = before.file;
      expect(dev.file).toMatchObject(identity);
      expect(await commits()).toEqual(before.commits);
    });

    it('goes on after kill -9 in the middle of work, with every revision committed once', async () => {
      const names = ['one', 'two', 'three'];
      const ids = await Promise.all(names.map((name) => create(dev.file, { name, image: firstImage })));
      await dev.end('SIGKILL');
      const lock = join(data, 'repositories/team-a.git/refs/heads/main.lock');
      await writeFile(lock, '');

      dev = await startDevProcess(data, ['--no-sample']);
      for (const id of ids) await waitForRevision(dev.file, id);

      const deployed = (await commits()).filter((subject) => /^deploy\((one|two|three)\)/.test(subject));
      expect(deployed.map((subject) => subject.replace(/:.*/, '')).sort()).toEqual([
        'deploy(one)',
        'deploy(three)',
        'deploy(two)',
      ]);
      await git(['-C', join(data, 'repositories/team-a.git'), 'fsck', '--strict']);
    });

    it('has let no planted secret out: not into logs, git, files, nor the list of processes', async () => {
      const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
      const repository = join(data, 'repositories/team-a.git');
      const objects = await git(['-C', repository, 'log', '--all', '-p', '--format=%B']);
      const database = await filesHolding(data, planted);

      expect(dev.output()).not.toContain(planted);
      expect(processes).not.toContain(planted);
      expect(objects).not.toContain(planted);
      expect(database).toEqual([]);
    });
  });
});

function repositoryWith(key: string): string {
  return dev.file.namespaces['team-a']?.repository.replace('://', `://anybody:${key}@`) ?? '';
}

async function cloneFrom(url: string): Promise<string> {
  clones += 1;
  const target = join(folder, `clone-${clones}`);
  await git(['clone', '-q', url, target]);
  return target;
}

/** Subjects, newest first. */
async function commits(): Promise<string[]> {
  const repository = join(data, 'repositories/team-a.git');
  return (await git(['-C', repository, 'log', '--format=%s', 'main'])).trim().split('\n');
}

async function filesHolding(root: string, text: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])));
  return found.flat();
}
