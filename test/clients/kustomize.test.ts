/** `kubectl kustomize` accepts every folder that is rendered: the golden cases, and what a listener committed. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { create, git, startDevProcess, waitForRevision } from '../support/dev-process.ts';
import { temporaryFolder } from '../support/temp.ts';
import { kubectl } from './install.ts';

const run = promisify(execFile);
const golden = resolve(import.meta.dirname, '../core/golden');
const image = `registry.example/agents/chat:1.0.0@sha256:${'a'.repeat(64)}`;

it.each(foldersIn(golden))('accepts the golden case %s', async (name) => {
  const folder = join(await temporaryFolder('kustomize'), 'deployments/ab', name);
  await cp(join(golden, name), folder, { recursive: true });
  await addComponents(folder);

  const kinds = await build(folder);

  expect(kinds).toContain(name.startsWith('lgp') ? 'LGP' : 'Deployment');
  expect(kinds).not.toContain('Secret');
});

it('accepts what a listener has committed', async () => {
  const data = join(await temporaryFolder('kustomize'), 'data');
  const dev = await startDevProcess(data);
  try {
    const resources = { min_scale: 2, max_scale: 4, labels: { team: 'a' }, annotations: { note: 'yes: no' } };
    const secrets = [{ name: 'TOKEN', value: 'value-of-a-token' }];
    const names = ['chat', '1-begins-with-a-digit'];
    const ids = await Promise.all(names.map((name) => create(dev.file, { name, image, resources, secrets })));
    for (const id of ids) await waitForRevision(dev.file, id);

    for (const { repository } of Object.values(dev.file.namespaces)) {
      const clone = await temporaryFolder('clone');
      await git(['clone', '-q', repository.replace('://', `://towpath:${dev.file.apiKey}@`), clone]);
      const deployments = foldersIn(join(clone, 'deployments'));
      expect(deployments.length).toBeGreaterThan(0);
      for (const name of deployments) expect(await build(join(clone, 'deployments', name))).toContain('Deployment');
    }
  } finally {
    await dev.end('SIGTERM');
  }
});

/** Components are the users' own and lie elsewhere in the repository. */
async function addComponents(folder: string): Promise<void> {
  const { components = [] } = parse(await readFile(join(folder, 'kustomization.yaml'), 'utf8'));
  for (const component of components as string[]) {
    await mkdir(join(folder, component), { recursive: true });
    const text =
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: { owner: somebody }\n';
    await writeFile(join(folder, component, 'kustomization.yaml'), text);
  }
}

/** Kinds of the objects that come out. */
async function build(folder: string): Promise<string[]> {
  const { stdout } = await run(kubectl(), ['kustomize', folder], { maxBuffer: 64 * 1024 * 1024 });
  return parseAllDocuments(stdout).map((document) => String((document.toJS() as { kind: string }).kind));
}

function foldersIn(parent: string): string[] {
  const entries = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map((entry) => entry.name).filter((name) => existsSync(join(parent, name, 'kustomization.yaml')));
}
