import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTemplateSet } from '../../src/adapters/template-folder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'towpath-templates-'));
  await mkdir(join(folder, 'own'));
  await writeFile(join(folder, 'own', 'x.service.yaml.hbs'), 'kind: Service\n');
  await writeFile(join(folder, 'own', '.hidden'), 'x');
  await mkdir(join(folder, 'nested', 'sub'), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

describe('reading a template set', () => {
  it('finds a set that comes with Towpath by its name, wherever the configuration lies', async () => {
    const source = await readTemplateSet('agent-server', '/nowhere');

    expect(source).toMatchObject({ name: 'agent-server', origin: 'the set "agent-server"' });
    expect(source.files.get('api.deployment.yaml.hbs')).toContain('kind: Deployment');
  });

  it.each(['./own', 'own/', '../nested/../own'])('reads the folder %s beside the configuration', async (templates) => {
    const base = templates.startsWith('..') ? join(folder, 'nested') : folder;

    const source = await readTemplateSet(templates, base);

    expect(source).toMatchObject({ name: 'own', origin: join(folder, 'own') });
    expect([...source.files]).toEqual([['x.service.yaml.hbs', 'kind: Service\n']]);
  });

  it.each([
    [
      'no-such-set',
      /no set of this name comes with Towpath, only agent-server, lgp; a folder of your own is written with/,
    ],
    ['schemas', /no set of this name/],
    ['./missing', /there is no folder .*missing/],
    ['./own/x.service.yaml.hbs', /is not a folder/],
    ['./nested', /holds the folder "sub"; a set is one folder of files/],
  ])('says what is wrong with %s', async (templates, why) => {
    await expect(readTemplateSet(templates, folder)).rejects.toMatchObject({
      kind: 'terminal',
      message: expect.stringMatching(why),
    });
  });
});
