/** Checks rendered manifests that lie in a folder: one deployment's, or every deployment's below it. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { parse } from 'yaml';
import { kustomizationFile } from '../../core/kustomization.ts';
import { contextOfFolder } from '../../core/validate/context.ts';
import { validateDeployment } from '../../core/validate/validate.ts';
import { Namespace } from '../../domain/configuration-namespace.ts';
import { TowpathError } from '../../domain/failure.ts';
import { type FileTree, type RepoPath, repoPath } from '../../domain/file-tree.ts';
import type { Finding } from '../../domain/finding.ts';
import { readSchemas } from '../wiring/renderer.ts';

interface CheckedFolder {
  /** How many deployments were looked at. */
  readonly deployments: number;
  readonly findings: readonly Finding[];
}

/** The users' own components are theirs: only what says that Towpath manages it is looked at, or what is named itself. */
export async function checkFolder(target: string): Promise<CheckedFolder> {
  const folders = await deploymentFolders(resolve(target));
  if (folders.length === 0) {
    const why = `there is no ${kustomizationFile} in it or below it`;
    throw new TowpathError('terminal', 'NothingToValidate', `Cannot validate "${target}": ${why}`);
  }
  const schemas = readSchemas();
  const { policy, kubernetesVersion } = Namespace.parse({ repository: 'http://localhost/none.git' });
  const checked = await Promise.all(
    folders.map(async (folder) => {
      const files = await readFiles(folder);
      const context = contextOfFolder(nameOf(folder, files), files, { policy, kubernetesVersion });
      const place = join(target, relative(resolve(target), folder));
      return validateDeployment(files, context, schemas).map((one) => ({ ...one, path: join(place, one.path) }));
    }),
  );
  return { deployments: folders.length, findings: checked.flat() };
}

async function deploymentFolders(folder: string): Promise<readonly string[]> {
  if (existsSync(join(folder, kustomizationFile))) return (await isComponent(folder)) ? [] : [folder];
  const entries = await readdir(folder, { withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  const found = await Promise.all(below.map((entry) => deploymentFolders(join(folder, entry.name))));
  return found.flat().sort();
}

async function isComponent(folder: string): Promise<boolean> {
  return /^kind: *Component\b/m.test(await readFile(join(folder, kustomizationFile), 'utf8'));
}

async function readFiles(folder: string): Promise<FileTree> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const read = async (name: string) => [repoPath(name), await readFile(join(folder, name), 'utf8')] as const;
  return new Map<RepoPath, string>(await Promise.all(names.sort().map(read)));
}

/** What the objects call themselves; a folder may have been rendered to any place. */
function nameOf(folder: string, files: FileTree): string {
  for (const [path, text] of files) {
    if (!path.endsWith('.yaml') || path === kustomizationFile) continue;
    const name = labelOf(text);
    if (name !== null) return name;
  }
  return basename(folder);
}

function labelOf(text: string): string | null {
  try {
    const labels = (parse(text) as { metadata?: { labels?: Record<string, unknown> } } | null)?.metadata?.labels;
    const name = labels?.['app.kubernetes.io/name'];
    return typeof name === 'string' ? name : null;
  } catch {
    // What is no YAML becomes a finding of its own.
    return null;
  }
}
