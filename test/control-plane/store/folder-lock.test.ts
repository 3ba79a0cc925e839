import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/control-plane/store/database.ts';
import { lockFolder } from '../../../src/control-plane/store/folder-lock.ts';
import { emptyDatabase } from '../../support/database.ts';

const holder = join(import.meta.dirname, '../../support/lock-holder.ts');

describe('the lock on the folder of an embedded database', () => {
  let root: string;
  let folder: string;
  const children: ChildProcess[] = [];

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'towpath-lock-'));
  });
  beforeEach(() => {
    folder = mkdtempSync(join(root, 'data-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** Answers the first line that the process says. */
  async function hold(path = folder): Promise<{ child: ChildProcess; said: string }> {
    const child = spawn(process.execPath, [holder, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let said = '';
    for await (const chunk of child.stdout ?? []) {
      said += String(chunk);
      if (said.includes('\n')) break;
    }
    return { child, said: said.trim() };
  }

  it('refuses a second process with one sentence that names the folder and the holder', async () => {
    const { child } = await hold();

    const { said } = await hold();

    expect(said).toMatch(
      new RegExp(
        `^Cannot open the database in "${folder}": process ${child.pid} on .* has it open, .* stop that process`,
      ),
    );
  });

  it('holds within one process, and through another name of the folder', () => {
    symlinkSync(folder, `${folder}-link`);
    const lock = lockFolder(folder);

    expect(() => lockFolder(`${folder}-link`)).toThrow(`process ${process.pid}`);
    lock.release();

    lockFolder(`${folder}-link`).release();
  });

  it('holds while the holder is stopped, and is free when it was killed', async () => {
    const { child } = await hold();

    child.kill('SIGSTOP');
    expect(() => lockFolder(folder)).toThrow(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');

    lockFolder(folder).release();
  });

  it('asks no process id: a stale note that names a living process keeps nobody out', () => {
    writeFileSync(join(folder, 'lock.holder'), `${process.pid} on here since long ago\n`);

    lockFolder(folder).release();
  });

  it('lets exactly one of many in', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => hold()));

    expect(all.filter(({ said }) => said === 'locked')).toHaveLength(1);
    expect(all.filter(({ said }) => said.startsWith('Cannot open the database'))).toHaveLength(5);
  });

  it('guards the database itself, and is given back when it is closed', async () => {
    await emptyDatabase(folder);
    const open = await openDatabase({ dataFolder: folder });

    await expect(openDatabase({ dataFolder: folder })).rejects.toMatchObject({ reason: 'DatabaseInUse' });
    await open.close();

    await (await openDatabase({ dataFolder: folder })).close();
  });
});
