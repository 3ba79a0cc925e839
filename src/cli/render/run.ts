/** Runs `towpath render`: one deployment's manifests, as a listener would lay them down. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TowpathError } from '../../domain/failure.ts';
import { DeploymentId } from '../../domain/identifiers.ts';
import { prepareRevision } from '../../listener/prepare.ts';
import { openFileSubject } from './file-subject.ts';
import { openLiveSubject } from './live-subject.ts';
import type { RenderOptions } from './render-options.ts';
import type { Subject } from './subject.ts';

export async function render(deployment: string, options: RenderOptions): Promise<void> {
  const id = DeploymentId.safeParse(deployment);
  const subject = id.success ? await openLiveSubject(id.data, options) : await openFileSubject(deployment, options);
  try {
    await show(subject, options);
  } finally {
    await subject.close();
  }
}

async function show({ context, desired }: Subject, { output, json }: RenderOptions): Promise<void> {
  const { files, notes } = await prepareRevision(context, desired, null);
  for (const note of notes) process.stderr.write(`${note}\n`);
  if (output !== undefined) await writeFiles(output, files);
  if (json) process.stdout.write(`${JSON.stringify({ files: Object.fromEntries(files) }, null, 2)}\n`);
  else if (output === undefined) process.stdout.write(stream(files));
}

async function writeFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [path, content] of files) await writeFile(join(folder, path), content);
  } catch (cause) {
    throw new TowpathError('terminal', 'CannotWrite', `Cannot write to "${folder}"`, { cause });
  }
  process.stderr.write(`${files.size} files written to ${folder}\n`);
}

/** One YAML stream that kubectl reads; the kustomization is no object of the cluster. */
function stream(files: ReadonlyMap<string, string>): string {
  const objects = [...files].filter(([path]) => path !== 'kustomization.yaml' && path.endsWith('.yaml'));
  return objects.map(([path, content]) => `---\n# ${path}\n${content}`).join('');
}
