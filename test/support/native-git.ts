/** The real git program, with a configuration of its own: the oracle that our git engine is measured against. */
import { spawn } from 'node:child_process';

/** Nothing of the developer's own git configuration, no prompt, fixed names and times. */
export const nativeGitEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

interface NativeGitOptions {
  readonly cwd?: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs git and gives standard output; a failure carries what git said. Never blocks the event loop. */
export async function nativeGit(args: readonly string[], options: NativeGitOptions = {}): Promise<string> {
  return (await nativeGitBytes(args, options)).toString('utf8');
}

export async function nativeGitBytes(args: readonly string[], options: NativeGitOptions = {}): Promise<Buffer> {
  const child = spawn('git', [...args], {
    cwd: options.cwd,
    env: { ...nativeGitEnvironment, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(options.input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`git ${args.join(' ')} ended with ${code}: ${Buffer.concat(complaints).toString()}`);
  return Buffer.concat(out);
}
