/** The packed tarball, installed elsewhere by npm as a user would, and run from there. */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectFolder } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';

const run = promisify(execFile);
const deployment = join(projectFolder, 'test/clients/deployment.yaml');

let folder: string;
let towpath: string;

beforeAll(async () => {
  const packed = await temporaryFolder('packed');
  folder = await temporaryFolder('installed');
  await run('npm', ['pack', '--silent', '--pack-destination', packed], { cwd: projectFolder });
  const [tarball] = await readdir(packed);
  await writeFile(join(folder, 'package.json'), '{"private": true}\n');
  const words = ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await run('npm', [...words, join(packed, tarball ?? '')], { cwd: folder });
  towpath = join(folder, 'node_modules/.bin/towpath');
});

describe('the installed package', () => {
  it('shows its help', async () => {
    const { stdout } = await run(towpath, ['--help'], { cwd: folder });

    expect(stdout).toContain('Usage: towpath [options] [command]');
  });

  it('runs on an older Node by way of the one that came with it', async () => {
    const older = process.env['TOWPATH_TEST_OLD_NODE'] ?? '/usr/bin/node';
    const { stdout: known } = await run(older, ['--version']);
    const { stdout, stderr } = await run(older, [towpath, '--version'], { cwd: folder });

    expect(stdout.trim()).toBe(JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8')).version);
    if (Number(known.slice(1).split('.')[0]) < 24)
      expect(stderr).toMatch(/needs Node 24 or newer, and this is [0-9.]+;/);
  });

  it('renders, with the templates and schemas that it brings', async () => {
    const { stdout } = await run(towpath, ['render', deployment], { cwd: folder });

    expect(stdout).toContain('kind: Deployment');
  });

  it('starts everything, and stops', async () => {
    const { startInstalled } = await import('./start-installed.ts');

    const { answered, code } = await startInstalled(towpath, folder);

    expect({ answered, code }).toEqual({ answered: 200, code: 0 });
  });
});
