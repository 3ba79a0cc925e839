/**
 * Keeps the embedded database from filling its disk. Where its write-ahead log finds no room for the next file, PGlite
 * does not fail but runs in a circle for ever, and the whole process with it; so changes are refused before that.
 */
import { statfsSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';

/** Four files of the write-ahead log. */
export const reserveBytes = 64 * 1024 * 1024;

export type FreeBytes = (folder: string) => number;

export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Postgres's own code for it, so that nobody need know which of the two noticed. */
class DiskFull extends Error {
  override readonly name = 'DiskFull';
  readonly code = '53100';
}

export function requireRoom(folder: string, freeBytes: FreeBytes): void {
  const free = freeBytes(folder);
  if (free >= reserveBytes) return;
  throw new DiskFull(
    `the disk of "${folder}" has ${Math.floor(free / 1048576)} MB left, and the database needs ${reserveBytes / 1048576} MB`,
  );
}

/** From now on changes are refused while there is too little room; reading goes on. */
export function refuseChangesWithoutRoom(client: PGlite, folder: string, freeBytes: FreeBytes): void {
  const transaction = client.transaction.bind(client);
  client.transaction = async (body) => {
    requireRoom(folder, freeBytes);
    return transaction(body);
  };
  const query = client.query.bind(client);
  client.query = async (text, parameters, options) => {
    if (/^\s*(insert|update|delete)\b/i.test(text)) requireRoom(folder, freeBytes);
    return query(text, parameters, options);
  };
}
