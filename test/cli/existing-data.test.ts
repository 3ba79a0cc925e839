/** What acts on something existing never makes it, and what holds keys is out of git's sight. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openingOf } from '../../src/cli/control-plane/opening.ts';
import { prepareDataFolder } from '../../src/cli/server/data-folder.ts';
import { openDatabase } from '../../src/control-plane/store/database.ts';
import { runTowpath } from '../support/command-line.ts';
import { emptyDatabase } from '../support/database.ts';
import { startPostgres } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temp.ts';

const rotate = ['control-plane', 'rotate-key'];
const key = 'c'.repeat(64);

it('rotates nothing where there is no embedded database, and leaves nothing behind', async () => {
  const cwd = await temporaryFolder('rotate');

  const bare = await runTowpath(rotate, { cwd });
  const named = await runTowpath([...rotate, '--data', 'elsewhere'], { cwd, env: { TOWPATH_ENCRYPTION_KEY: key } });

  expect(bare).toMatchObject({ code: 1, stdout: '' });
  expect(bare.stderr).toContain('there is no database in');
  expect(bare.stderr).toContain('--data');
  expect(named).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no database in') });
  expect(await readdir(cwd)).toEqual([]);
});

it('makes no key for an embedded database whose own is lost', async () => {
  const cwd = await temporaryFolder('rotate');
  const data = join(cwd, '.towpath-control-plane');
  await emptyDatabase(join(data, 'database'));
  const opened = await openDatabase((await openingOf({ data })).location);
  await opened.close();
  await cp(join(data, 'encryption-key'), join(cwd, 'kept'));
  await rm(join(data, 'encryption-key'));

  const lost = await runTowpath(rotate, { cwd });
  const given = await runTowpath([...rotate, '--encryption-key-file', 'kept'], { cwd });

  expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining('--encryption-key-file') });
  expect(given).toMatchObject({ code: 0, stdout: expect.stringContaining('0 sets of secrets are now encrypted') });
  expect(await readdir(data)).toEqual(['database']);
});

it('rotates nothing in a Postgres database that is no control plane’s, and makes no table there', async () => {
  const server = await startPostgres();
  try {
    const env = { TOWPATH_DATABASE_URL: await server.createDatabase(), TOWPATH_ENCRYPTION_KEY: key };

    const first = await runTowpath(rotate, { env });
    const second = await runTowpath(rotate, { env });

    expect(first).toMatchObject({ code: 1, stdout: '' });
    expect(first.stderr).toContain('holds no control plane');
    expect(second).toEqual(first);
    await (await openDatabase({ databaseUrl: env.TOWPATH_DATABASE_URL })).close();
    expect(await runTowpath(rotate, { env })).toMatchObject({ code: 0, stderr: '' });
  } finally {
    await server.stop();
  }
});

it('hides a folder with keys from git, and leaves one alone that was there before', async () => {
  const clone = await temporaryFolder('clone');
  const git = (...words: readonly string[]) => execFileSync('git', ['-C', clone, ...words], { encoding: 'utf8' });
  git('init', '--quiet');
  await mkdir(join(clone, 'mine'));
  await writeFile(join(clone, 'mine', 'a.txt'), '');

  for (const name of ['made', 'mine']) {
    const folder = await prepareDataFolder(join(clone, name), ['keys']);
    await writeFile(join(folder, 'keys', 'admin'), 'planted');
  }

  expect(git('status', '--porcelain', '--untracked-files=all').split('\n').filter(Boolean)).toEqual([
    '?? mine/a.txt',
    '?? mine/keys/admin',
  ]);
});
