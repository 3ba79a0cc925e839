/** The folder of one run: data, logs and the ids of its processes. What a killed run left behind is cleared away. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './paths.ts';

const prefix = 'towpath-e2e-';

export interface RunFolder {
  readonly path: string;
  /** One log a program. */
  readonly logs: string;
  remember(pid: number): void;
  /** Takes the data away, and keeps the logs in the cache until the next run ends. */
  remove(): void;
}

export function openRunFolder(): RunFolder {
  clearAwayDeadRuns();
  const path = mkdtempSync(join(tmpdir(), prefix));
  const logs = join(path, 'log');
  mkdirSync(logs);
  mkdirSync(join(path, 'pids'));
  writeFileSync(join(path, 'owner'), String(process.pid));
  return {
    path,
    logs,
    remember: (pid) => writeFileSync(join(path, 'pids', String(pid)), ''),
    remove: () => {
      const kept = join(cacheFolder(), 'last-logs');
      rmSync(kept, { recursive: true, force: true });
      cpSync(logs, kept, { recursive: true });
      removeFolder(path);
    },
  };
}

/** A harness that was killed outright could end nothing; the next one does it. */
function clearAwayDeadRuns(): void {
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(prefix))) {
    const path = join(tmpdir(), name);
    const owner = Number(readOr(join(path, 'owner'), ''));
    if (owner > 0 && isAlive(owner)) continue;
    for (const pid of readdirOr(join(path, 'pids')))
      if (runsIn(Number(pid), path)) process.kill(-Number(pid), 'SIGKILL');
    removeFolder(path);
  }
}

/** Programs that were killed may still be writing. */
function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Process ids are used again: only one that works in that run's folder is that run's. */
function runsIn(pid: number, path: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === path;
  } catch {
    return false;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

function readdirOr(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
