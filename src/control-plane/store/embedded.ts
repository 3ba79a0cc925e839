/** The embedded database: PGlite in a folder, behind an exclusive lock. */
import { randomUUID } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { TowpathError } from '../../domain/failure.ts';
import { systemWords } from '../../domain/system-words.ts';
import { changeHub, channels } from './changes.ts';
import { type FreeBytes, freeBytesOf, refuseChangesWithoutRoom, requireRoom } from './disk-room.ts';
import { emptyDatabase } from './empty-database.ts';
import { type FairGate, fairGate } from './fair-gate.ts';
import { lockFolder } from './folder-lock.ts';
import type { OpenDatabase } from './open-database.ts';
import * as schema from './schema.ts';
import { keepStatements } from './statement-cache.ts';
import { keepTimesAsText } from './time-parsers.ts';

/** Of Postgres's usual 128 MB a database for trying things out needs a fraction. */
const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'];

export async function openEmbedded(
  dataFolder: string,
  migrationsFolder: string,
  freeBytes: FreeBytes = freeBytesOf,
): Promise<OpenDatabase> {
  const lock = lockFolder(dataFolder);
  let client: PGlite | undefined;
  try {
    requireRoom(dataFolder, freeBytes);
    // Beside the lock, not around it: whoever copies the database's files must not touch the lock's.
    const making = startMaking(dataFolder);
    const loadDataDir = making.isNew ? await emptyDatabase(migrationsFolder) : undefined;
    client = await PGlite.create(join(dataFolder, 'pglite'), { startParams, ...(loadDataDir && { loadDataDir }) });
    const database = drizzle(client, { schema });
    await migrate(database, { migrationsFolder });
    if (making.isNew) await database.update(schema.instance).set({ epoch: randomUUID(), createdAt: new Date() });
    making.done();
    keepStatements(client);
    keepTimesAsText(client);
    refuseChangesWithoutRoom(client, dataFolder, freeBytes);
    const probe = client.query.bind(client, 'select 1');
    const gate = serveInTurn(client);
    const hub = changeHub();
    for (const channel of channels) await client.listen(channel, (payload) => hub.publish(channel, payload));
    return {
      database,
      changes: hub,
      probe: async () => void (await probe()),
      close() {
        gate.close();
        return close(client, lock);
      },
    };
  } catch (cause) {
    await close(client, lock).catch(() => undefined);
    throw cannotOpen(dataFolder, cause);
  }
}

/**
 * From now on callers take turns at its only connection, instead of whoever sends most. It works in this thread, so each
 * statement has a turn of the event loop for itself, and everything else comes in between.
 */
function serveInTurn(client: PGlite): FairGate {
  const gate = fairGate({ connections: 1, ofOneKind: 1, ofOneCaller: 1 });
  const query = inOwnTurn(client.query.bind(client));
  const transaction = client.transaction.bind(client);
  client.query = (text, parameters, options) => gate.run('read', () => query(text, parameters, options));
  client.transaction = (body) =>
    gate.run('change', () =>
      transaction((inner) => {
        inner.query = inOwnTurn(inner.query.bind(inner));
        return body(inner);
      }),
    );
  return gate;
}

function inOwnTurn(query: PGlite['query']): PGlite['query'] {
  return async (text, parameters, options) => {
    await setImmediate();
    return query(text, parameters, options);
  };
}

/**
 * A signal may end the process while it makes a database. What was made halfway never held anything, and is made again; the
 * mark says that nobody has ever had it open.
 */
function startMaking(dataFolder: string): { readonly isNew: boolean; done(): void } {
  const [files, mark] = [join(dataFolder, 'pglite'), join(dataFolder, 'making')];
  if (existsSync(mark)) rmSync(files, { recursive: true, force: true });
  const isNew = !existsSync(files);
  if (isNew) writeFileSync(mark, '');
  return { isNew, done: () => rmSync(mark, { force: true }) };
}

async function close(client: PGlite | undefined, lock: { release(): void }): Promise<void> {
  try {
    if (client && !client.closed) await client.close();
  } finally {
    lock.release();
  }
}

function cannotOpen(dataFolder: string, cause: unknown): TowpathError {
  return new TowpathError(
    'terminal',
    'DatabaseUnreadable',
    `Cannot open the database in "${dataFolder}": ${whyClosed(cause)}; check that ` +
      'the disk has room and that the folder was made by this version, or restore it from a backup',
    { cause },
  );
}

/** The engine itself only says that it was aborted, and how to build it for more. */
function whyClosed(cause: unknown): string {
  const said = cause instanceof Error ? cause.message : String(cause);
  const isEngines = /^Aborted\(|sASSERTIONS|^unreachable$|^memory access|^table index/.test(said);
  return systemWords(cause) ?? (isEngines ? 'it does not start on the files that are there' : said);
}
