/**
 * The folder that a server keeps everything in: made for its owner only, out of git's sight, and refused early where it
 * cannot be used.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TowpathError } from '../../domain/failure.ts';
import { systemWords } from '../../domain/system-words.ts';

/** The absolute path, with the sub-folders made. */
export async function prepareDataFolder(path: string, subfolders: readonly string[]): Promise<string> {
  const folder = resolve(path);
  try {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of subfolders) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    // It holds keys. A folder that was there before is somebody's own, and what git sees of it is his business.
    if (made !== undefined) await writeFile(join(folder, '.gitignore'), '*\n');
    const probe = join(folder, `.probe-${randomUUID()}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    throw new TowpathError('terminal', 'UnusableDataFolder', `Cannot keep data in "${path}": ${why(cause)}`);
  }
  return folder;
}

function why(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  const known: Readonly<Record<string, string>> = {
    EACCES: 'this user may not write there; name another folder with --data',
    EPERM: 'this user may not write there; name another folder with --data',
    EROFS: 'that file system is read-only; name another folder with --data',
    EEXIST: 'there is a file of that name; name another folder with --data',
    ENOTDIR: 'a part of the path is a file; name another folder with --data',
    ENOSPC: 'the disk is full',
  };
  return known[code ?? ''] ?? systemWords(cause) ?? message;
}
