/** Fresh databases of both kinds for tests: PGlite in a folder, and a database on a real Postgres. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { DatabaseLocation } from '../../src/control-plane/store/database.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';

export const databaseKinds = ['PGlite', 'Postgres'] as const;
type DatabaseKind = (typeof databaseKinds)[number];

export interface TestDatabases {
  /** A new, empty database. */
  location(): Promise<DatabaseLocation>;
  stop(): Promise<void>;
}

/** Call in `beforeAll`, stop in `afterAll`. */
export async function testDatabases(kind: DatabaseKind): Promise<TestDatabases> {
  if (kind === 'Postgres') return onServer(await startPostgres());
  const folder = mkdtempSync(join(tmpdir(), 'towpath-pglite-'));
  let made = 0;
  return {
    async location() {
      made += 1;
      const dataFolder = join(folder, String(made));
      await emptyDatabase(dataFolder);
      return { dataFolder };
    },
    async stop() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function onServer(server: PostgresServer): TestDatabases {
  return { location: async () => ({ databaseUrl: await server.createDatabase() }), stop: () => server.stop() };
}

/** A copy of one that was made before, since making one takes seconds; what it holds is nothing but `initdb`'s work. */
export async function emptyDatabase(dataFolder: string): Promise<void> {
  const template = join(tmpdir(), `towpath-pglite-template-${pgliteVersion()}`);
  if (!existsSync(template)) await makeTemplate(template);
  mkdirSync(dataFolder, { recursive: true });
  cpSync(template, join(dataFolder, 'pglite'), { recursive: true });
}

async function makeTemplate(template: string): Promise<void> {
  const making = mkdtempSync(`${template}-`);
  const client = await PGlite.create(join(making, 'pglite'));
  await client.close();
  try {
    renameSync(join(making, 'pglite'), template);
  } catch (error) {
    // Another test file was faster, and its template is as good.
    if (!existsSync(template)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function pgliteVersion(): string {
  const file = join(import.meta.dirname, '../../node_modules/@electric-sql/pglite/package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
