/** What is started beside a `towpath dev`: commands that find it, a second one that is told of it, and an end at any time. */
import { once } from 'node:events';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runTowpath, startTowpath } from '../support/command-line.ts';
import { emptyDatabase } from '../support/database.ts';
import { create, type DevProcess, eventually, startDevProcess, waitForRevision } from '../support/dev-process.ts';
import { temporaryFolder } from '../support/temp.ts';

describe('beside a towpath dev that runs', () => {
  let folder: string;
  let dev: DevProcess;
  beforeAll(async () => {
    folder = await temporaryFolder('beside');
    await mkdir(join(folder, 'deeper'));
    await emptyDatabase(join(folder, '.towpath', 'database'));
    dev = await startDevProcess(join(folder, '.towpath'), ['--no-sample']);
  });
  afterAll(() => dev?.end('SIGTERM'));

  it('commands find it by themselves, and the hints they print work as they are', async () => {
    const id = await create(dev.file, { name: 'chat', image: 'registry.example/chat:1' });
    await waitForRevision(dev.file, id);

    const [listed, planned] = [
      await runTowpath(['hold', 'list'], { cwd: folder }),
      await runTowpath(['plan'], { cwd: join(folder, 'deeper') }),
    ];

    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing is held') });
    expect(listed.stderr).toBe('Using .towpath/towpath.yaml, the configuration of the "towpath dev" that runs here\n');
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to commit') });
    expect(planned.stderr).toContain('Using ../.towpath/towpath.yaml');
  });

  it('says how to reach it where its data lies elsewhere', () => {
    expect(dev.output()).toMatch(/\n {2}towpath hold list --config \S+\/\.towpath\/towpath\.yaml\n/);
  });

  it('a second one is told where it is, whichever port it asks for', async () => {
    for (const port of ['0', new URL(dev.file.url).port]) {
      const second = await runTowpath(['dev', '--port', port], { cwd: folder });

      expect(second).toMatchObject({ code: 1, stdout: '' });
      expect(second.stderr).toContain(`"towpath dev" is already running at ${dev.file.url}`);
    }
  });

  it('a second one is told, too, where the first one has not yet said where it is', async () => {
    const note = join(folder, '.towpath', 'dev.json');
    const text = await readFile(note, 'utf8');
    await rm(note);

    const second = await runTowpath(['dev', '--port', '0'], { cwd: folder });

    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('just starting or stopping') });
    expect(second.stderr).not.toMatch(/database is locked|databaseUrl/);
    await writeFile(note, text);
  });

  it('says where a configuration comes from where there is none at all', async () => {
    const { code, stderr } = await runTowpath(['plan'], { cwd: await temporaryFolder('alone') });

    expect(code).toBe(1);
    expect(stderr).toContain('there is no such file; name one with --config, or start "towpath dev" here');
  });
});

it('ends at once while it makes its database, and makes it anew the next time', async () => {
  const data = join(await temporaryFolder('ended'), '.towpath');
  const child = startTowpath(['dev', '--data', data, '--port', '0']);
  const making = join(data, 'database', 'making');
  await eventually('it makes the database', () =>
    access(making).then(
      () => true,
      () => null,
    ),
  );

  child.kill('SIGINT');

  // Nothing of ours has to run for it: the system ends the process.
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
  const next = await startDevProcess(data, ['--no-sample']);
  await expect(access(making)).rejects.toThrow();
  expect(await next.end('SIGTERM')).toBe(0);
});
