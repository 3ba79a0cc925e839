import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { projectFolder, runTowpath } from '../support/command-line.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { temporaryFolder } from '../support/temp.ts';

// Whole processes, on machines that may be busy with other things.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const env = { TOWPATH_SECRET_KEY: 'ab'.repeat(32) };
const examples = [
  { mode: 'sealed-secrets', kind: 'SealedSecret', ending: '.sealedsecret.yaml' },
  { mode: 'sops', kind: 'Secret', ending: '.secret.sops.yaml' },
  { mode: 'external-secrets', kind: 'ExternalSecret', ending: '.externalsecret.yaml' },
] as const;

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder('sealed');
  await writeFile(join(folder, 'sealed-secrets.pem'), sealingPair().certificate);
});

describe.each(examples)('examples/$mode', ({ mode, kind, ending }) => {
  const example = join(projectFolder, 'examples', mode);

  it('has a configuration that is valid', async () => {
    const validated = await runTowpath(['validate', join(example, 'towpath.yaml')]);

    expect(validated).toMatchObject({ code: 0, stderr: '' });
  });

  it('renders sealed files beside the manifests, which pass validation', async () => {
    const output = join(folder, mode, 'deployments/chat');
    const deployment = join(example, 'deployment.yaml');

    const rendered = await runTowpath(['render', deployment, '--config', await here(mode), '--output', output], {
      env,
    });
    const validated = await runTowpath(['validate', output]);

    expect(rendered).toMatchObject({ code: 0, stderr: expect.stringContaining('files written') });
    expect(validated).toMatchObject({ code: 0, stdout: expect.stringContaining('1 deployment valid') });
    const { resources } = parse(await readFile(join(output, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
    const sealed = resources.filter((file) => file.endsWith(ending));
    const texts = await Promise.all(sealed.map((file) => readFile(join(output, file), 'utf8')));
    expect(sealed).toEqual([`database${ending}`, expect.stringMatching(/^env-[0-9a-f]{10}\./)]);
    expect(texts.map((text) => parse(text).kind)).toEqual([kind, kind]);
    expect(texts.join('')).not.toContain('an-example-and-no-key');
  });

  /** The certificate is made for the test; everything else is as the example says. */
  async function here(name: string): Promise<string> {
    const text = await readFile(join(example, 'towpath.yaml'), 'utf8');
    const path = join(folder, `${name}.yaml`);
    await writeFile(path, text.replace('/etc/towpath/sealed-secrets.pem', join(folder, 'sealed-secrets.pem')));
    return path;
  }
});

it('names every reference that a literal value would need', async () => {
  const example = join(projectFolder, 'examples/external-secrets');
  const deployment = join(projectFolder, 'examples/sops/deployment.yaml');

  const refused = await runTowpath(['render', deployment, '--config', join(example, 'towpath.yaml')], { env });

  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('OPENAI_API_KEY: external-secret://<key>#<property>');
  expect(refused.stderr).not.toContain('an-example-and-no-key');
});
