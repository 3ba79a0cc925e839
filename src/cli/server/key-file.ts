/** Files that hold one secret: made once, readable by their owner only. */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { isMissing, readConfiguredFile, textOf, whyUnreadable } from '../../adapters/files/configured-file.ts';
import { TowpathError } from '../../domain/failure.ts';

/** What the file says, or what `make` says where there is none yet. */
export async function readOrMakeSecret(path: string, make: () => string | Promise<string>): Promise<string> {
  const known = await readSecret(path);
  if (known) return known;
  const made = await make();
  const draft = await writeDraft(path, `${made}\n`);
  try {
    // Unlike a rename, a link never takes the place of what another process has made in the meantime.
    await link(draft, path);
    return made;
  } catch (cause) {
    const other = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? await readSecret(path) : null;
    if (other) return other;
    throw new TowpathError('terminal', 'CannotKeepKey', `Cannot keep a key in "${path}"`, { cause });
  } finally {
    await rm(draft, { force: true });
  }
}

/** Null where there is no such file, or an empty one. */
export async function readSecret(path: string): Promise<string | null> {
  try {
    return textOf(await readConfiguredFile(path)).trim() || null;
  } catch (cause) {
    if (isMissing(cause)) return null;
    const message = `Cannot read the key in "${path}": ${whyUnreadable(cause)}; check the file and its rights`;
    throw new TowpathError('terminal', 'UnreadableKey', message, { cause });
  }
}

/** Whole or not at all, even when the process or the machine dies in between; takes the place of what was there. */
export async function writePrivately(path: string, text: string): Promise<void> {
  await rename(await writeDraft(path, text), path);
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomUUID()}.new`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return draft;
}

/** 32 random bytes as 64 hex digits. */
export function newSecretKey(): string {
  return randomBytes(32).toString('hex');
}
