/** A Postgres that speaks TLS, and one that does not, asked by the URLs that people write. */
import { chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openDatabase } from '../../../src/control-plane/store/database.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { testAuthority } from '../../support/tls.ts';

let plain: PostgresServer;
let secure: PostgresServer;
let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder('server-tls');
  chmodSync(folder, 0o755);
  [plain, secure] = await Promise.all([startPostgres(), startPostgres()]);
  const authority = testAuthority();
  writeFileSync(join(folder, 'ca.crt'), authority.certificate);
  writeFileSync(join(folder, 'other.crt'), testAuthority().certificate);
  await speakTls(secure.adminUrl, authority.issue());
});
afterAll(async () => {
  await plain?.stop();
  await secure?.stop();
});

it.each([
  '?sslmode=prefer',
  '?sslmode=require',
  '?sslmode=verify-ca&sslrootcert=<folder>/ca.crt',
  '?sslmode=verify-full&sslrootcert=<folder>/ca.crt',
  '?sslmode=require&channel_binding=require&sslrootcert=<folder>/ca.crt',
])('opens over TLS: %s', async (query) => {
  const url = await secure.createDatabase();
  const databaseUrl = url.replace('127.0.0.1', 'localhost') + query.replaceAll('<folder>', folder);
  const { database, close } = await openDatabase({ databaseUrl });

  const encrypted = await database.execute('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
  await close();

  expect(encrypted).toMatchObject([{ ssl: true }]);
});

it('opens without TLS where it is only preferred', async () => {
  const { close } = await openDatabase({ databaseUrl: `${await plain.createDatabase()}?sslmode=prefer` });

  await close();
});

it.each([
  [
    'an authority that is not its own',
    () => secure,
    '?sslrootcert=<folder>/other.crt',
    'its certificate is not trusted',
  ],
  ['a certificate of nobody known', () => secure, '?sslmode=verify-full', 'its certificate is not trusted'],
  ['no TLS at all', () => plain, '?sslmode=require', 'it ended the connection; does it speak TLS (sslmode)?'],
])('says what is wrong with TLS: %s', async (_, server, query, wanted) => {
  const databaseUrl = server().adminUrl + query.replaceAll('<folder>', folder);

  await expect(openDatabase({ databaseUrl })).rejects.toThrow(wanted);
});

it('says that there is no such database', async () => {
  const databaseUrl = plain.adminUrl.replace(/postgres$/, 'nowhere');

  await expect(openDatabase({ databaseUrl })).rejects.toThrow('there is no such database; create it');
});

/** The key must be the server's own, and nobody else's to read. */
async function speakTls(adminUrl: string, { cert, key }: { readonly cert: string; readonly key: string }) {
  const client = postgres(adminUrl, { max: 1 });
  const [{ data_directory: data } = {}] = await client`select current_setting('data_directory') as data_directory`;
  const { uid, gid } = statSync(String(data));
  for (const [name, text] of [
    ['server.crt', cert],
    ['server.key', key],
  ] as const) {
    const path = join(String(data), name);
    writeFileSync(path, text, { mode: 0o600 });
    chownSync(path, uid, gid);
  }
  await client`alter system set ssl = on`;
  await client`select pg_reload_conf()`;
  await vi.waitFor(
    async () => {
      const fresh = postgres(adminUrl, { max: 1 });
      const [row] = await fresh`show ssl`;
      await fresh.end();
      expect(row?.['ssl']).toBe('on');
    },
    { timeout: 60_000 },
  );
  await client.end();
}
