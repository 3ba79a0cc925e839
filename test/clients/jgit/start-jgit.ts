/** A JGit server, as in Gerrit, Gitblit and GitBucket, over a folder of bare repositories. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jgitLibraries } from '../install.ts';

export interface JgitServer {
  /** `http://127.0.0.1:<port>/git`, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startJgit(root: string): Promise<JgitServer> {
  const program = join(import.meta.dirname, 'JgitServer.java');
  const words = ['-cp', join(jgitLibraries, '*'), program, root];
  const child = spawn('java', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await portOf(child);
  return {
    url: `http://127.0.0.1:${port}/git`,
    stop: async () => {
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    },
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^listening ([0-9]+)$/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('Cannot start JGit: it ended before it listened');
}
