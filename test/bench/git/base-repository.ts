/** Base repositories by `git fast-import`, fully packed, kept in the temporary folder between runs. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeGit, nativeGitEnvironment } from '../../support/native-git.ts';
import { type File, filesOf, type Layout } from './deployments.ts';

export interface Size {
  readonly count: number;
  readonly layout: Layout;
}

/** A bare repository of so many deployments in one commit on main; not to be changed, only copied. */
export async function baseRepository({ count, layout }: Size): Promise<string> {
  const version = createHash('sha256').update(await readFile(join(import.meta.dirname, 'deployments.ts')));
  const folder = join(tmpdir(), 'towpath-bench', version.digest('hex').slice(0, 12));
  const path = join(folder, `base-${count}-${layout}.git`);
  if (await stat(path).catch(() => null)) return path;
  await mkdir(folder, { recursive: true });
  const draft = `${path}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await nativeGit(['init', '--quiet', '--bare', '-b', 'main', draft]);
  await importDeployments(draft, { count, layout });
  await nativeGit(['-C', draft, 'repack', '-adfq']);
  await rename(draft, path);
  return path;
}

export async function copyRepository(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true });
}

/** One commit as fast-import reads it. */
export function importCommit(message: string, files: readonly File[], seconds: number, from: string | null): string {
  const parts = [
    `commit refs/heads/main\nauthor Ada <ada@example.com> ${seconds} +0000\n`,
    `committer Towpath <towpath@example.com> ${seconds} +0000\ndata ${Buffer.byteLength(message)}\n${message}`,
    from === null ? '' : `from ${from}\n`,
  ];
  for (const [path, content] of files) {
    parts.push(`M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n${content}`);
  }
  return parts.join('');
}

async function importDeployments(path: string, { count, layout }: Size): Promise<void> {
  const importer = spawn('git', ['-C', path, 'fast-import', '--quiet'], {
    env: nativeGitEnvironment,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  importer.stdin.write(importCommit('base\n', [], 1_700_000_000, null));
  for (let index = 0; index < count; index++) {
    const lines = filesOf(index, 0, layout).map(
      ([file, content]) => `M 100644 inline ${file}\ndata ${Buffer.byteLength(content)}\n${content}`,
    );
    if (!importer.stdin.write(lines.join(''))) await once(importer.stdin, 'drain');
  }
  importer.stdin.end();
  const [code] = await once(importer, 'close');
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}
