/** The advice of `towpath doctor`: it is about what is wrong, and nothing passes that a listener would stumble over. */

import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { lockWords } from '../../src/adapters/repository/push.ts';
import type { Check } from '../../src/cli/doctor/check.ts';
import { judgeNamespaces } from '../../src/cli/doctor/control-plane-checks.ts';
import { branchInTheWay } from '../../src/core/branch-names.ts';
import { runTowpath } from '../support/command-line.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { temporaryFolder } from '../support/temp.ts';

let git: GitServer;
beforeAll(async () => {
  git = await startGitServer();
});
afterAll(() => git.close());

async function examined(controlPlane: object, namespace: object): Promise<readonly Check[]> {
  const folder = await temporaryFolder('advice');
  await writeFile(join(folder, 'api-key'), 'listener-key');
  const configuration = {
    controlPlane: { url: 'http://127.0.0.1:1', apiKeyFile: 'api-key', ...controlPlane },
    listener: { id: '0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11' },
    namespaces: { 'team-a': { repository: 'http://127.0.0.1:1/a.git', engine: 'none', ...namespace } },
  };
  await writeFile(join(folder, 'towpath.yaml'), stringify(configuration));
  const { stdout } = await runTowpath(['doctor', '--json'], { cwd: folder });
  return (JSON.parse(stdout) as { checks: readonly Check[] }).checks;
}

const found = (checks: readonly Check[], subject: string, title: string) =>
  checks.find((check) => check.subject === subject && check.title === title);

describe('towpath doctor', () => {
  it('says that a server does not speak HTTPS, and not which error OpenSSL has for it', async () => {
    const plain = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((done) => plain.once('listening', done));
    const url = `https://127.0.0.1:${(plain.address() as AddressInfo).port}`;

    const checks = await examined({ url }, { repository: `${url}/a.git` });
    plain.close();

    expect(found(checks, 'control plane', 'answers')?.message).toContain(
      'it does not speak HTTPS there; write http://',
    );
    expect(found(checks, 'namespace team-a', 'read')?.message).toContain('it does not speak HTTPS there');
  });

  it('speaks of no network where a file is missing', async () => {
    const checks = await examined({ caFile: 'none.pem' }, { caFile: 'none.pem' });

    for (const check of [found(checks, 'control plane', 'answers'), found(checks, 'namespace team-a', 'read')]) {
      expect(check).toMatchObject({ verdict: 'failed', message: expect.stringContaining('none.pem') });
      expect(check?.mend).not.toMatch(/network|address/);
    }
  });

  it('finds a branch that keeps the branches of pull requests from being made', async () => {
    const repository = await git.repository('blocked');
    await repository.seed({ 'README.md': 'hello\n' });
    await repository.git('branch', 'towpath', 'main');

    const checks = await examined(
      {},
      { repository: repository.url, publication: { mode: 'proposed', forge: 'gitea', tokenFile: 'api-key' } },
    );

    expect(found(checks, 'namespace team-a', 'branches')).toMatchObject({
      verdict: 'failed',
      message: 'git cannot make branches below towpath/ beside the branch towpath, which is there already',
      mend: 'remove or rename the branch towpath, or choose another publication.branchPrefix',
    });
  });

  it('finds a branch that keeps the own one from being made', async () => {
    const repository = await git.repository('beside');
    await repository.seed({ 'README.md': 'hello\n' });

    const checks = await examined({}, { repository: repository.url, branch: 'main/deploy', createBranch: true });

    expect(found(checks, 'namespace team-a', 'branches')).toMatchObject({
      verdict: 'failed',
      message: 'git cannot make the branch main/deploy beside the branch main, which is there already',
    });
  });
});

it.each([
  ['main/deploy', ['main'], 'main'],
  ['main', ['main/deploy'], 'main/deploy'],
  ['main', ['main', 'main-2'], null],
  ['towpath/x', ['towpath-old', 'other'], null],
  ['a/b/c', ['a/b'], 'a/b'],
])('the branch %s beside %j is kept away by %j', (name, existing, wanted) => {
  expect(branchInTheWay(name, existing)).toBe(wanted);
});

it('a push that another branch keeps away is no lock file', () => {
  const said =
    "cannot lock ref 'refs/heads/main/deploy': 'refs/heads/main' exists; cannot create 'refs/heads/main/deploy'";

  expect(lockWords(said)).toContain('remove or rename the branch main');
  expect(lockWords(said)).not.toContain('lock file');
  expect(lockWords('failed to update ref')).toContain('a lock file (refs/heads/….lock)');
});

it('a namespace that nobody serves fails at once, as the listener says', () => {
  expect(judgeNamespaces(['a'], ['a', 'b'])).toMatchObject({
    verdict: 'warning',
    message: 'deployments in b fail at once: towpath.yaml does not name them',
  });
});
