/**
 * An embedded database with its tables and nothing in them, as an archive of its files: to make one takes a second engine,
 * a gigabyte of memory and seconds in which nothing else is heard. What is published holds it; a checkout makes it once.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openAsBlob, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const here = import.meta.dirname;
const isCheckout = import.meta.filename.endsWith('.ts');
/** Without the optimizing compiler it takes half the memory, and hardly longer. */
const makerFlags = ['--liftoff-only'];
const mostMs = 120_000;

const migrations = join(here, 'migrations');

/** Undefined where there is none of these migrations, and none can be made: then the engine makes its own. */
export async function emptyDatabase(migrationsFolder: string): Promise<Blob | undefined> {
  if (migrationsFolder !== migrations) return undefined;
  const folder = isCheckout ? join(here, '../../../node_modules/.cache/towpath') : here;
  const file = join(folder, archiveName());
  if (!existsSync(file) && isCheckout) await makeEmptyDatabase(folder).catch(() => undefined);
  return existsSync(file) ? openAsBlob(file) : undefined;
}

/** By a process of its own, whose memory is given back. Those of other versions are of no more use. */
export async function makeEmptyDatabase(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const name = archiveName();
  // Another process may be making, or reading, the very same now.
  const isOld = (other: string): boolean => other.startsWith(prefix) && !other.startsWith(name);
  for (const old of readdirSync(folder).filter(isOld)) rmSync(join(folder, old), { force: true });
  const command = [...makerFlags, join(here, 'make-empty-database.ts'), join(folder, name)];
  await promisify(execFile)(process.execPath, command, { timeout: mostMs });
}

const prefix = 'empty-database-';

/** By the version of the engine and by the tables: one of others would be read wrongly. */
function archiveName(): string {
  const engine = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const steps = readdirSync(migrations).filter((name) => name.endsWith('.sql'));
  const files = [...steps.sort(), 'meta/_journal.json'].map((name) => join(migrations, name));
  const hash = createHash('sha256');
  for (const file of [join(dirname(engine), '../package.json'), ...files]) hash.update(readFileSync(file));
  return `${prefix}${hash.digest('hex').slice(0, 16)}.tar.gz`;
}
