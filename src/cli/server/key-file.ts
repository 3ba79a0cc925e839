/** Files that hold one secret: made once, readable by their owner only. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { TowpathError } from '../../domain/failure.ts';

/** What the file says, or what `make` says where there is none yet. */
export async function readOrMakeSecret(path: string, make: () => string | Promise<string>): Promise<string> {
  const known = await readSecret(path);
  if (known) return known;
  const made = await make();
  await writePrivately(path, `${made}\n`);
  return made;
}

/** Null where there is no such file, or an empty one. */
export async function readSecret(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim() || null;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new TowpathError('terminal', 'UnreadableKey', `Cannot read the key in "${path}"`, { cause });
  }
}

/** Whole or not at all, even when the process or the machine dies in between. */
export async function writePrivately(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** 32 random bytes as 64 hex digits. */
export function newSecretKey(): string {
  return randomBytes(32).toString('hex');
}
