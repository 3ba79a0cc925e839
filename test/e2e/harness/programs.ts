/** The running programs of a cluster: started, stopped, paused and started again by name. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { RunFolder } from './run-folder.ts';

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it is ready to work. */
  readonly ready: () => Promise<boolean>;
  /** What it leaves behind when it ends. */
  readonly tidy?: () => void;
}

interface Running {
  readonly program: Program;
  readonly pid: number;
  readonly ended: Promise<unknown>;
}

const readyWithinMs = 120_000;
/** Argo CD's controllers take up to seven seconds to end. */
const killAfterMs = 15_000;

export class Programs {
  readonly #folder: RunFolder;
  readonly #known = new Map<string, Program>();
  readonly #running = new Map<string, Running>();
  #closed = false;

  constructor(folder: RunFolder) {
    this.#folder = folder;
  }

  get names(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** Starts a program for the first time, and is done when it is ready. */
  async launch(program: Program): Promise<void> {
    this.#known.set(program.name, program);
    await this.start(program.name);
  }

  /** Starts a known program again, with the same ports and data; one that runs is left alone. */
  async start(name: string): Promise<void> {
    const program = this.#find(name);
    if (!this.#running.has(name)) this.#spawn(program);
    const settled = async (): Promise<boolean> => !this.#running.has(name) || (await program.ready());
    const inTime = await eventually(`${name} to get ready`, settled, readyWithinMs).then(
      () => true,
      () => false,
    );
    if (inTime && this.#running.has(name)) return;
    const why = inTime ? 'it has ended' : `it was not ready after ${readyWithinMs / 1000} s`;
    throw new Error(`Cannot start ${name}: ${why}; the end of its log:\n${this.#tailOfLog(name)}`);
  }

  /** TERM, and KILL when that is not enough; done when it has ended. */
  async stop(name: string): Promise<void> {
    const program = this.#find(name);
    const running = this.#running.get(name);
    if (running) await end(running);
    program.tidy?.();
  }

  /** Ends it at once, without a word of warning. */
  async kill(name: string): Promise<void> {
    const running = this.#running.get(this.#find(name).name);
    if (!running) return;
    signal(running.pid, 'SIGKILL');
    await running.ended;
  }

  /** It keeps its connections and answers nothing, like a machine that hangs. */
  pause(name: string): void {
    signal(this.#live(name).pid, 'SIGSTOP');
  }

  resume(name: string): void {
    signal(this.#live(name).pid, 'SIGCONT');
  }

  /** The last started first. */
  async stopAll(): Promise<void> {
    this.#closed = true;
    for (const name of this.names.toReversed()) await this.stop(name);
  }

  /** For a process that is about to end and can wait for nothing. */
  killAll(): void {
    for (const { pid, program } of this.#running.values()) {
      signal(pid, 'SIGKILL');
      program.tidy?.();
    }
  }

  #find(name: string): Program {
    const program = this.#known.get(name);
    if (!program) throw new Error(`Cannot find the program "${name}": there are ${this.names.join(', ')}`);
    return program;
  }

  #live(name: string): Running {
    const running = this.#running.get(this.#find(name).name);
    if (!running) throw new Error(`Cannot pause or resume ${name}: it does not run`);
    return running;
  }

  #spawn(program: Program): void {
    // While one part fails to start, another may be about to.
    if (this.#closed) throw new Error(`Cannot start ${program.name}: the cluster is being stopped`);
    const log = openSync(this.#logOf(program.name), 'a');
    // In a group of its own: Ctrl-C at a terminal must not reach it, and what it starts can be ended with it.
    const child = spawn(program.command, [...program.args], {
      cwd: this.#folder.path,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    // What went wrong is told by the missing id.
    child.once('error', () => undefined);
    if (child.pid === undefined) throw new Error(`Cannot start ${program.name}: ${program.command} cannot be run`);
    this.#folder.remember(child.pid);
    const ended = once(child, 'exit').then(() => this.#running.delete(program.name));
    this.#running.set(program.name, { program, pid: child.pid, ended });
  }

  #logOf(name: string): string {
    return join(this.#folder.logs, `${name}.log`);
  }

  #tailOfLog(name: string): string {
    return readFileSync(this.#logOf(name), 'utf8').trimEnd().split('\n').slice(-20).join('\n');
  }
}

async function end({ pid, ended }: Running): Promise<void> {
  signal(pid, 'SIGCONT');
  signal(pid, 'SIGTERM');
  const timer = setTimeout(() => signal(pid, 'SIGKILL'), killAfterMs);
  await ended;
  clearTimeout(timer);
}

/** To the program and to whatever it has started. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
