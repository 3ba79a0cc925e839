/** A program: `node make-empty-database.ts <file>` writes an embedded database with its tables and nothing in them, as one archive. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('Cannot make an empty database: say into which file');

const client = await PGlite.create();
await migrate(drizzle(client), { migrationsFolder: join(import.meta.dirname, 'migrations') });
const archive = await client.dumpDataDir('gzip');
await client.close();
// Who makes it at the same time makes the same.
const unfinished = `${target}.${process.pid}`;
writeFileSync(unfinished, new Uint8Array(await archive.arrayBuffer()));
renameSync(unfinished, target);
