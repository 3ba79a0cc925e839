/** Keys that an earlier version made: who made them is read from the audit table, and what nobody knows is not believed. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, expect, it } from 'vitest';
import { migrationsFolder, openDatabase, rowsOf } from '../../../src/control-plane/store/database.ts';
import { openEmbedded } from '../../../src/control-plane/store/embedded.ts';
import { emptyDatabase } from '../../support/database.ts';

const folder = mkdtempSync(join(tmpdir(), 'towpath-identity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const id = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`;
const [admin, byAdmin, byWorkspace, byItself, forgotten] = [1, 2, 3, 4, 5].map(id);

it('knows the makers of the keys that are there', async () => {
  const data = join(folder, 'data');
  await emptyDatabase(data);
  const old = await openEmbedded(data, migrationsUpTo(5));
  await old.database.execute(sql`insert into workspaces (id, name) values (${id(9)}, 'w')`);
  for (const key of [admin, byAdmin, byWorkspace, byItself, forgotten]) {
    const kind = key === admin ? 'admin' : 'workspace';
    await old.database.execute(
      sql`insert into api_keys (id, kind, name, email, prefix, hash) values (${key}, ${kind}, 'n', 'e', 'p', ${key})`,
    );
  }
  const made = [
    [byAdmin, admin],
    [byWorkspace, byAdmin],
    [byItself, null],
  ];
  for (const [key, maker] of made) {
    await old.database.execute(
      sql`insert into audit (key_id, action, target_kind, target_id, detail) values (${maker}, 'key.create', 'key', ${key}, '{}')`,
    );
  }
  await old.close();

  const { database, close } = await openDatabase({ dataFolder: data });
  const rows = await rowsOf(database, sql`select id, made_by, proof from api_keys order by id`);
  await close();

  expect(rows).toEqual([
    { id: admin, made_by: null, proof: 'admin' },
    { id: byAdmin, made_by: admin, proof: 'admin' },
    { id: byWorkspace, made_by: byAdmin, proof: 'self-declared' },
    { id: byItself, made_by: null, proof: 'admin' },
    { id: forgotten, made_by: null, proof: 'self-declared' },
  ]);
});

/** As the version had it that ended with this migration. */
function migrationsUpTo(last: number): string {
  const copy = join(folder, 'migrations');
  cpSync(migrationsFolder, copy, { recursive: true });
  const journal = join(copy, 'meta/_journal.json');
  const { entries, ...rest } = JSON.parse(readFileSync(journal, 'utf8')) as { entries: { idx: number }[] };
  writeFileSync(journal, JSON.stringify({ ...rest, entries: entries.filter(({ idx }) => idx <= last) }));
  return copy;
}
