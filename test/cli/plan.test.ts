/** What `towpath plan` shows, and what its exit code means. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { pagerFor } from '../../src/cli/pager.ts';
import { runTowpath } from '../support/command-line.ts';
import { type OperatedWorld, operatedWorld } from '../support/operated-world.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/until.ts';

let world: OperatedWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

describe('towpath plan', () => {
  it('never takes a repository that cannot be read for an empty one, or for nothing to do', async () => {
    const folder = await temporaryFolder('plan');
    world = await operatedWorld();
    const { plane } = world;
    await writeFile(join(folder, 'api-key'), 'listener-key');
    const configuration = {
      controlPlane: { url: plane.url, apiKeyFile: 'api-key' },
      listener: { id: plane.listenerId },
      namespaces: { 'team-a': { repository: 'http://127.0.0.1:1/none.git', engine: 'none' } },
    };
    await writeFile(join(folder, 'towpath.yaml'), JSON.stringify(configuration));

    const { code, stdout } = await runTowpath(['plan'], { cwd: folder });

    expect(code).toBe(1);
    expect(stdout).toContain('1 of 1 namespaces could not be planned');
    expect(stdout).not.toMatch(/\(empty\)|Nothing to commit/);
  });

  it('shows each file in a line by --stat', async () => {
    world = await operatedWorld();
    world.plane.create('chat');

    const short = await world.run('plan', '--stat');

    expect(short).toMatchObject({ code: 2, stderr: '' });
    expect(short.stdout).toMatch(/^ {6}deployments\/chat-\w+\/api\.deployment\.yaml +\+[0-9]+ -0 {2}new$/m);
    expect(short.stdout).toContain('1 commit to make');
    expect(short.stdout).not.toContain('apiVersion');
  });

  it('has exit code 0 where all that is left waits for a person', async () => {
    world = await operatedWorld();
    const { plane, repository } = world;
    const running = await world.listen();
    const { id, folder } = await world.deployed('chat');
    await repository.seed({ [`${folder}/api.service.yaml`]: 'edited: true\n' }, { message: 'Tune it\n' });
    running.wake();
    await until('the hold', () => plane.lastReport(id)?.reason === 'EditedInGit');
    await running.stop();

    const { code, stdout } = await world.run('plan');

    expect(stdout).toContain('! held chat');
    expect(stdout).toContain('Nothing to commit, 1 held');
    expect(code).toBe(0);
  });
});

describe('the pager', () => {
  const terminal = { isTerminal: true, rows: 10 };

  it.each([
    ['a long text', 20, terminal, {}, 'less'],
    ['a pager of one’s own', 20, terminal, { PAGER: 'more' }, 'more'],
    ['one for this program', 20, terminal, { PAGER: 'more', TOWPATH_PAGER: 'most' }, 'most'],
    ['none', 20, terminal, { PAGER: '' }, null],
    ['cat', 20, terminal, { PAGER: 'cat' }, null],
    ['what fits', 5, terminal, {}, null],
    ['a file', 20, { ...terminal, isTerminal: false }, {}, null],
  ])('for %s', (_, lines, screen, environment, wanted) => {
    expect(pagerFor('x\n'.repeat(lines), screen, environment)).toBe(wanted);
  });
});
