/** The command line by `npm run`: relative paths count from where the user is, not from where npm goes. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isRunByNpm } from '../../src/cli/start-folder.ts';
import { projectFolder, runTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';

const run = promisify(execFile);

it('finds and writes files where the user is', async () => {
  const output = await temporaryFolder('npm');
  const words = (...more: readonly string[]) => ['run', '-s', 'towpath', '--', ...more];
  const within = { cwd: join(projectFolder, 'examples/direct') };

  const validated = await run('npm', words('validate', '--no-files', 'towpath.yaml'), within);
  await run('npm', ['--prefix', projectFolder, ...words('render', join(within.cwd, 'deployment.yaml'), '-o', 'out')], {
    cwd: output,
  });

  expect(validated.stdout).toContain('towpath.yaml valid');
  expect(await readdir(join(output, 'out'))).toContain('kustomization.yaml');
});

describe('what is no script of ours', () => {
  it('counts from its own folder', async () => {
    const [folder, other] = [await realpath(await temporaryFolder('own')), await temporaryFolder('other')];
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'package.json'), '{}');
    const env = { npm_package_json: join(folder, 'package.json'), INIT_CWD: other };

    const { stderr } = await runTowpath(['validate', 'nothing.yaml'], { cwd: folder, env });

    expect(stderr).toContain('Cannot validate "nothing.yaml"');
    expect(isRunByNpm(env)).toBe(false);
    expect(isRunByNpm({ npm_package_json: join(projectFolder, 'package.json') })).toBe(true);
  });
});
