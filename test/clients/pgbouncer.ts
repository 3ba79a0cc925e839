/** A real PgBouncer before a real Postgres. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type PoolMode = 'session' | 'transaction';

export interface Pooler {
  /** The same database, asked through the pooler. */
  through(databaseUrl: string): string;
  stop(): Promise<void>;
}

/** Debian keeps it where only an administrator's shell looks. */
const program = existsSync('/usr/sbin/pgbouncer') ? '/usr/sbin/pgbouncer' : 'pgbouncer';

export async function startPooler(
  serverUrl: string,
  mode: PoolMode,
  settings: readonly string[] = [],
): Promise<Pooler> {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-pgbouncer-'));
  chmodSync(folder, 0o755);
  const file = join(folder, 'pgbouncer.ini');
  for (;;) {
    const port = await freePort();
    writeFileSync(file, configuration(serverUrl, port, mode, settings));
    // It refuses to run as root.
    const child = spawn(program, [file], { ...user(), stdio: ['ignore', 'ignore', 'pipe'] });
    const problem = await lastWords(child);
    if (problem === null)
      return { through: (databaseUrl) => withPort(databaseUrl, port), stop: () => stop(child, folder) };
    if (!/in use/i.test(problem)) throw new Error(`Cannot start PgBouncer: ${problem}`);
  }
}

function configuration(serverUrl: string, port: number, mode: PoolMode, settings: readonly string[]): string {
  const { hostname, port: serverPort, username } = new URL(serverUrl);
  return `[databases]
* = host=${hostname} port=${serverPort} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 40
${settings.join('\n')}
`;
}

function withPort(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl);
  url.port = String(port);
  return url.href;
}

function user(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(String(execFileSync('id', [flag, 'nobody'])).trim());
  return { uid: id('-u'), gid: id('-g') };
}

/** Null once it serves; what it said where it ended before. */
function lastWords(child: ChildProcess): Promise<string | null> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(said));
    child.stderr?.on('data', (chunk) => {
      said += String(chunk);
      if (/process up/.test(said)) resolve(null);
    });
  });
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.kill('SIGTERM')) await once(child, 'exit');
  rmSync(folder, { recursive: true, force: true });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
