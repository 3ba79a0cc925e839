/**
 * The exclusive lock on the folder of an embedded database: two openers would destroy it.
 * SQLite's file lock is the operating system's own: the kernel gives it back when the holder dies, however it dies, and
 * keeps it while the holder is merely stopped; no process id is ever trusted. See .github/decisions/0025.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TowpathError } from '../../domain/failure.ts';

interface FolderLock {
  release(): void;
}

/** Keeps them from the garbage collector, which would close the file and so give the lock back. */
const held = new Set<DatabaseSync>();

/** Throws terminal `DatabaseInUse`, naming the folder and who holds it. */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const holderFile = join(folder, 'lock.holder');
  const lock = new DatabaseSync(join(folder, 'lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw refusal(folder, holderFile, error);
  }
  held.add(lock);
  writeHolder(holderFile);
  return {
    release() {
      rmSync(holderFile, { force: true });
      lock.close();
      held.delete(lock);
    },
  };
}

/** For people only: a lost or stale note changes nothing about who holds the lock. */
function writeHolder(holderFile: string): void {
  try {
    writeFileSync(holderFile, `${process.pid} on ${hostname()} since ${new Date().toISOString()}\n`, { mode: 0o600 });
  } catch {
    // A full disk must not keep the database closed.
  }
}

function refusal(folder: string, holderFile: string, cause: unknown): TowpathError {
  const busy = cause instanceof Error && /database is locked/.test(cause.message);
  if (!busy) {
    return new TowpathError('terminal', 'DatabaseLockFailed', `Cannot lock the database folder "${folder}"`, { cause });
  }
  return new TowpathError(
    'terminal',
    'DatabaseInUse',
    `Cannot open the database in "${folder}": ${holderOf(holderFile)} has it open, and an embedded database has one ` +
      'opener only; stop that process first, or name another folder',
    { cause },
  );
}

function holderOf(holderFile: string): string {
  try {
    return `process ${readFileSync(holderFile, 'utf8').trim()}`;
  } catch {
    return 'another process';
  }
}
