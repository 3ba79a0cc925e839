/** The folder of one run: data, logs and the ids of its processes. What a killed run left behind is cleared away. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './paths.ts';

const prefix = 'towpath-cluster-';

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
  // Whose it is stands in its name: there is no moment at which another run could take it for a dead one's.
  const path = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  const logs = join(path, 'log');
  mkdirSync(logs);
  mkdirSync(join(path, 'pids'));
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
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${prefix}([0-9]+)-`).exec(name)?.[1];
    if (!owner || isAlive(Number(owner))) continue;
    const path = join(tmpdir(), name);
    const pids = existsSync(join(path, 'pids')) ? readdirSync(join(path, 'pids')).map(Number) : [];
    for (const pid of pids.filter((one) => runsIn(one, path))) process.kill(-pid, 'SIGKILL');
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
