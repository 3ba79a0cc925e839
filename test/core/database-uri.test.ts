/** With external-secrets a database's password may be any text: a real Postgres lets in whoever comes with our URI. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { referredDatabaseSecret } from '../../src/listener/secrets/plain-secrets.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { renderInput } from './support/render-input.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
  const sql = postgres(server.adminUrl, { max: 1 });
  const [found] = await sql`show data_directory`;
  const rules = join(String(found?.['data_directory']), 'pg_hba.conf');
  await writeFile(rules, `host all postgres 127.0.0.1/32 scram-sha-256\n${await readFile(rules, 'utf8')}`);
  await sql`create role postgres login`;
  await sql`select pg_reload_conf()`;
  await sql.end();
});
afterAll(async () => {
  await server?.stop();
});

it.each(['plain', 'p@ss', 'a/b#c', 'x:y%z', ' a b ', 'a+b', `q'"\\?&=[]`, '%40', 'ü€', '$(HOME)'])(
  'takes the password %j',
  async (password) => {
    const sql = postgres(server.adminUrl, { max: 1, onnotice: () => undefined });
    await sql.unsafe(`alter role postgres password '${password.replaceAll("'", "''")}'`);
    await sql.end();
    const { port } = new URL(server.adminUrl);

    const uri = new URL(uriOf(password).replace(/@[^/]*/, `@127.0.0.1:${port}`));

    const client = postgres(uri.href, { max: 1 });
    expect(await client`select current_user as name`).toEqual([{ name: 'postgres' }]);
    await client.end();
  },
);

it('is refused with another password, so that the above proves something', async () => {
  const { port } = new URL(server.adminUrl);
  const client = postgres(uriOf('wrong').replace(/@[^/]*/, `@127.0.0.1:${port}`), { max: 1 });

  await expect(client`select 1`).rejects.toThrow('password authentication failed');

  await client.end();
});

function uriOf(password: string): string {
  const { specification, namespace } = renderInput();
  const context = { namespace: specification.deployment.namespace, settings: namespace };
  const { computed } = referredDatabaseSecret(context, specification, 'external-secret://agents/chat');
  return operated(computed?.['POSTGRES_URI'] ?? '', password);
}

/** What the External Secrets Operator makes of the template: Go's `urlquery`, and sprig's `replace`. */
function operated(template: string, password: string): string {
  const escaped = encodeURIComponent(password).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  const urlquery = escaped.replaceAll('%20', '+');
  return template.replace('{{ .POSTGRES_PASSWORD | urlquery | replace "+" "%20" }}', urlquery.replaceAll('+', '%20'));
}
