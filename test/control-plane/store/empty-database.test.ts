/** A new embedded database begins with ready-made files, and is a database of its own all the same. */
import { mkdtempSync, openAsBlob, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrationsFolder, openDatabase, rowsOf } from '../../../src/control-plane/store/database.ts';
import { emptyDatabase, makeEmptyDatabase } from '../../../src/control-plane/store/empty-database.ts';
import { workspaces } from '../../../src/control-plane/store/schema.ts';

describe('an embedded database that is new', () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'towpath-empty-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function identity(folder: string) {
    const open = await openDatabase({ dataFolder: join(root, folder) });
    const [{ maker, epoch } = {}] = await rowsOf<{ maker: string; epoch: string }>(
      open.database,
      sql`select system_identifier::text as maker, epoch from pg_control_system(), instance`,
    );
    await open.database.insert(workspaces).values({ name: `of ${folder} at ${performance.now()}` });
    const names = (await open.database.select().from(workspaces)).map(({ name }) => name);
    await open.close();
    return { maker, epoch, names };
  }

  it('is not made by an engine of its own, has an epoch of its own, and keeps what is written', async () => {
    const [first, second] = [await identity('first'), await identity('second')];
    const again = await identity('first');

    expect(second.maker).toBe(first.maker);
    expect(second.epoch).not.toBe(first.epoch);
    expect(second.names).toHaveLength(1);
    expect(again).toMatchObject({ maker: first.maker, epoch: first.epoch });
    expect(again.names).toEqual([...first.names, expect.any(String)]);
  });

  it('has files of the same tables only', async () => {
    expect(await emptyDatabase(join(root, 'other-migrations'))).toBeUndefined();
    expect((await emptyDatabase(migrationsFolder))?.size).toBeGreaterThan(1_000_000);
  });

  it('gets its files from an archive that takes the place of older ones, and of no other file', async () => {
    const folder = join(root, 'archive');
    await makeEmptyDatabase(folder);
    const [name = ''] = readdirSync(folder);
    for (const old of ['empty-database-0.tar.gz', 'other']) writeFileSync(join(folder, old), '');
    await makeEmptyDatabase(folder);

    expect(name).toMatch(/^empty-database-[0-9a-f]{16}\.tar\.gz$/);
    expect(readdirSync(folder).sort()).toEqual([name, 'other'].sort());
    const client = await PGlite.create({ loadDataDir: await openAsBlob(join(folder, name)) });
    const { rows } = await client.query('select count(*)::int as count from instance');
    await client.close();
    expect(rows).toEqual([{ count: 1 }]);
  });
});
