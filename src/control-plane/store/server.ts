/** A Postgres server, shared by as many control-plane processes as one likes. */
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { TowpathError } from '../../domain/failure.ts';
import { type ChangeHub, changeHub, channels } from './changes.ts';
import type { OpenDatabase } from './database.ts';
import * as schema from './schema.ts';

/** Any number that other users of the server are unlikely to take: "towpath" in a telephone's keys. */
const migrationLock = 8_697_284;
const pulseIntervalMs = 10_000;

const common = { onnotice: () => undefined, connection: { application_name: 'towpath' } } as const;

export async function openServer(databaseUrl: string, migrationsFolder: string): Promise<OpenDatabase> {
  try {
    await migrateServer(databaseUrl, migrationsFolder);
    const client = postgres(databaseUrl, { ...common, max: 10 });
    const hub = changeHub();
    const listening = await keepListening(databaseUrl, client, hub);
    return {
      database: drizzle(client, { schema }),
      changes: hub,
      async close() {
        await listening.stop();
        await client.end({ timeout: 5 });
      },
    };
  } catch (cause) {
    throw new TowpathError(
      'terminal',
      'DatabaseUnreachable',
      `Cannot open the database at ${placeOf(databaseUrl)}: ${cause instanceof Error ? cause.message : String(cause)}; ` +
        'check the address, the password, and that the user may create tables',
      { cause },
    );
  }
}

/** Processes that start together queue here; all but the first find nothing left to do. */
async function migrateServer(databaseUrl: string, migrationsFolder: string): Promise<void> {
  const client = postgres(databaseUrl, { ...common, max: 1, idle_timeout: 0 });
  try {
    await client`select pg_advisory_lock(${migrationLock})`;
    await migrate(drizzle(client), { migrationsFolder });
  } finally {
    // Ending the session gives the lock back.
    await client.end({ timeout: 5 });
  }
}

/**
 * LISTEN ends with its connection, and the driver gives up when listening again fails once. So a pulse goes through the
 * server again and again, and where it does not come back everything is set up anew.
 */
async function keepListening(databaseUrl: string, client: postgres.Sql, hub: ChangeHub) {
  let pulse = 0;
  let heard = 0;
  let current = await listenOn(databaseUrl, hub, (value) => {
    heard = Math.max(heard, value);
  });
  const beat = async (): Promise<void> => {
    if (heard < pulse) {
      await current.end({ timeout: 1 });
      current = await listenOn(databaseUrl, hub, (value) => {
        heard = Math.max(heard, value);
      });
      hub.wakeAll();
    }
    pulse += 1;
    await client`select pg_notify(${current.pulseChannel}, ${String(pulse)})`;
  };
  const timer = setInterval(() => void beat().catch(() => undefined), pulseIntervalMs);
  return {
    async stop() {
      clearInterval(timer);
      await current.end({ timeout: 1 });
    },
  };
}

async function listenOn(databaseUrl: string, hub: ChangeHub, onPulse: (pulse: number) => void) {
  const client = postgres(databaseUrl, { ...common, max: 1 });
  const pulseChannel = `towpath_pulse_${process.pid}_${Math.trunc(performance.timeOrigin)}`;
  // The driver calls the third argument each time it listens again after a lost connection.
  for (const channel of channels) {
    await client.listen(channel, (payload) => hub.publish(channel, payload), hub.wakeAll);
  }
  await client.listen(pulseChannel, (payload) => onPulse(Number(payload)));
  return { pulseChannel, end: (options: { timeout: number }) => client.end(options) };
}

/** Host and database, without user and password. */
function placeOf(databaseUrl: string): string {
  try {
    const url = new URL(databaseUrl);
    return `${url.host}${url.pathname}`;
  } catch {
    return 'databaseUrl (which is no URL)';
  }
}
