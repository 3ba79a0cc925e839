/** Whether a database holds a control plane already: what acts on an existing one must never make another. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { TowpathError } from '../../domain/failure.ts';
import type { DatabaseLocation } from './database.ts';
import { serverAddress } from './server-address.ts';

/** Throws where there is nothing to act on; one that cannot be reached is left to whoever opens it. */
export async function requireExisting(location: DatabaseLocation, action: string): Promise<void> {
  if ('dataFolder' in location) {
    if (existsSync(join(location.dataFolder, 'pglite'))) return;
    throw nothing(
      action,
      `there is no database in "${location.dataFolder}"; name the control plane’s folder with --data, or its Postgres server with --database-url`,
    );
  }
  if ((await hasTables(location.databaseUrl)) ?? true) return;
  throw nothing(
    action,
    'the Postgres database holds no control plane; name its own with --database-url or TOWPATH_DATABASE_URL',
  );
}

/** Null: nobody could look. */
async function hasTables(databaseUrl: string): Promise<boolean | null> {
  try {
    const client = postgres({ ...serverAddress(databaseUrl).options, max: 1, onnotice: () => undefined });
    try {
      const [row] = await client`select to_regclass('secret_sets') is not null as found`;
      return row?.['found'] === true;
    } finally {
      await client.end({ timeout: 5 });
    }
  } catch {
    return null;
  }
}

function nothing(action: string, why: string): TowpathError {
  return new TowpathError('terminal', 'NoDatabase', `Cannot ${action}: ${why}`);
}
