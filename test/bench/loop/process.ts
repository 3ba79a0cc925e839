/** What the processes of the bench of the loop share: starting one, and its first line, which says that it is ready. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const gitPassword = 'the git server of the bench is reached from this machine only';

const complain = (message: string, fields?: object) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
/** Whatever is no warning is not written: nobody would read it. */
export const complaints = { debug: () => undefined, info: () => undefined, warn: complain, error: complain };

/** What the listener is told, as JSON: where its peers are, and the options of each namespace. */
export interface ListenerOrder {
  readonly folder: string;
  readonly controlPlaneUrl: string;
  readonly listenerId: string;
  readonly git: { readonly username: string; readonly password: string };
  readonly namespaces: Readonly<Record<string, { readonly repository: string; readonly publication?: object }>>;
}

export interface BenchProcess<Said> {
  readonly said: Said;
  /** Milliseconds of processor time until now, with that of the processes that it started and waited for. */
  cpuMs(): number;
  /** Its end is a kill: nothing of it is needed afterwards. */
  kill(): void;
}

/** Called by the process itself once it can be used. */
export function ready(said: object): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

export async function startProcess<Said>(program: string, args: readonly string[]): Promise<BenchProcess<Said>> {
  const file = join(import.meta.dirname, program);
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = () => void child.kill('SIGKILL');
  try {
    return { said: JSON.parse(await firstLine(child)) as Said, cpuMs: () => cpuMsOf(child.pid), kill };
  } catch (error) {
    kill();
    throw error;
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes('\n')) resolve(said.split('\n', 1)[0] ?? '');
    });
    child.once('exit', (code) => reject(new Error(`${child.spawnargs[1]} ended with ${code} before it was ready`)));
  });
}

/** Linux tells it in hundredths of a second, fields 14 to 17; elsewhere there is nothing to read, and the answer is NaN. */
function cpuMsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
  } catch {
    return Number.NaN;
  }
}
