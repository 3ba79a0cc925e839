import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectFolder, runTowpath } from '../support/command-line.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { temporaryFolder } from '../support/temp.ts';

const examples = [
  { mode: 'sealed-secrets', kind: 'SealedSecret', ending: '.sealedsecret.yaml' },
  { mode: 'sops', kind: 'Secret', ending: '.secret.sops.yaml' },
  { mode: 'external-secrets', kind: 'ExternalSecret', ending: '.externalsecret.yaml' },
] as const;

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder('sealed');
  for (const { mode } of examples) {
    await cp(join(projectFolder, 'examples', mode), join(folder, mode), { recursive: true });
    await writeFile(join(folder, mode, 'key'), 'ab'.repeat(32));
  }
  await writeFile(join(folder, 'sealed-secrets/sealed-secrets.pem'), sealingPair().certificate);
});

describe.each(examples)('examples/$mode', ({ mode, kind, ending }) => {
  it('has a configuration that is valid', async () => {
    const validated = await runTowpath(['validate', '--no-files', join(folder, mode, 'towpath.yaml')]);

    expect(validated).toMatchObject({ code: 0, stderr: '' });
  });

  it('renders sealed files beside the manifests, which pass validation', async () => {
    const output = join(folder, mode, 'deployments/chat');
    const [configuration, deployment] = ['towpath.yaml', 'deployment.json'].map((file) => join(folder, mode, file));
    const words = [deployment ?? '', '--config', configuration ?? '', '--output', output];

    const rendered = await runTowpath(['render', ...words]);
    const validated = await runTowpath(['validate', output]);

    expect(rendered).toMatchObject({ code: 0, stderr: expect.stringContaining('files written') });
    expect(validated).toMatchObject({ code: 0, stdout: expect.stringContaining('1 deployment valid') });
    const { resources } = parse(await readFile(join(output, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
    const sealed = resources.filter((file) => file.endsWith(ending));
    const texts = await Promise.all(sealed.map((file) => readFile(join(output, file), 'utf8')));
    expect(sealed).toEqual([
      `database${kind === 'ExternalSecret' ? '-uri' : ''}${ending}`,
      expect.stringMatching(/^env-[0-9a-f]{10}\./),
    ]);
    expect(texts.map((text) => parse(text).kind)).toEqual([kind, kind]);
    expect(texts.join('')).not.toContain('an-example-and-no-key');
  });
});

it('names every reference that a literal value would need', async () => {
  const configuration = join(folder, 'external-secrets/towpath.yaml');
  const deployment = join(folder, 'sops/deployment.json');

  const refused = await runTowpath(['render', deployment, '--config', configuration]);

  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('OPENAI_API_KEY: external-secret://<key>#<property>');
  expect(refused.stderr).not.toContain('an-example-and-no-key');
});
