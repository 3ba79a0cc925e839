/** A Postgres server, shared by as many control-plane processes as one likes, directly or through a pooler. */
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { TowpathError } from '../../domain/failure.ts';
import type { Log } from '../log.ts';
import { changeHub } from './changes.ts';
import { whyNotOpened } from './database-failure.ts';
import { keepListening } from './notifications.ts';
import type { OpenDatabase } from './open-database.ts';
import * as schema from './schema.ts';
import { type ServerAddress, serverAddress } from './server-address.ts';
import { migrateServer } from './server-migrations.ts';
import { openPool, sessionLimits, shares } from './server-pool.ts';

type Open = (options?: postgres.Options<Record<string, never>>) => postgres.Sql;

export async function openServer(
  databaseUrl: string,
  migrationsFolder: string,
  log: Pick<Log, 'info' | 'warn'>,
): Promise<OpenDatabase> {
  const address = serverAddress(databaseUrl);
  const open = opener(address);
  // For probes and pulses only: they must be answered while everything else waits.
  const own = open({ max: 1 });
  try {
    await migrateServer(own, migrationsFolder);
    const limits = (await takesSessionLimits(open)) ? sessionLimits : {};
    const pool = openPool(() => open({ max: shares.connections, connection: limits }));
    const hub = changeHub();
    const listening = await keepListening({ open: () => open({ max: 1 }), sender: own, hub, log });
    return {
      database: drizzle(pool.client, { schema }),
      changes: hub,
      probe: async () => void (await own`select 1`),
      async close() {
        await Promise.all([listening.stop(), pool.close()]);
        await own.end({ timeout: 1 });
      },
    };
  } catch (cause) {
    await own.end({ timeout: 0 });
    if (cause instanceof TowpathError) throw cause;
    const message = `Cannot open the database at ${address.place}: ${whyNotOpened(cause)}`;
    throw new TowpathError('terminal', 'DatabaseUnreachable', message);
  }
}

/** Statements have no names: a pooler in transaction mode gives the next one to another connection. */
function opener({ options: { connection, ...rest } }: ServerAddress): Open {
  const common = { onnotice: () => undefined, prepare: false, connect_timeout: 5, backoff } as const;
  return (own = {}) =>
    postgres({ ...common, ...rest, ...own, connection: { ...connection, ...own.connection } } as postgres.Options<
      Record<string, never>
    >);
}

/** Seconds: a server that is back is not to be waited for long. */
function backoff(attempts: number): number {
  return Math.min(0.1 * 2 ** attempts, 2) * (0.75 + Math.random() / 2);
}

/** Poolers refuse settings that they cannot keep apart (PgBouncer: "unsupported startup parameter"). */
async function takesSessionLimits(open: Open): Promise<boolean> {
  const client = open({ max: 1, connection: sessionLimits });
  try {
    await client`select 1`;
    return true;
  } catch (error) {
    if (error instanceof Error && /startup parameter/i.test(error.message)) return false;
    throw error;
  } finally {
    await client.end({ timeout: 1 });
  }
}
