import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keepStatements } from '../../../src/control-plane/store/statement-cache.ts';

describe('prepared statements for PGlite', () => {
  let client: PGlite;
  const prepared = async () =>
    (await client.query<{ statement: string }>('select statement from pg_prepared_statements')).rows.map(
      (row) => row.statement,
    );

  beforeAll(async () => {
    client = await PGlite.create();
    await client.exec('create table boats (id int primary key, name text, launched timestamptz)');
    keepStatements(client);
  });
  beforeEach(() => client.exec('truncate boats'));
  afterAll(() => client.close());

  it('answers a query that comes again as it did the first time', async () => {
    const launched = new Date('1901-02-03T04:05:06Z');
    const insert = 'insert into boats values ($1, $2, $3)';
    for (const id of [1, 2, 3]) await client.query(insert, [id, id === 2 ? null : `boat ${id}`, launched]);
    const select = 'select * from boats where id >= $1 order by id';
    const first = await client.query(select, [1]);
    const second = await client.query(select, [1]);

    expect(first.rows).toEqual([
      { id: 1, name: 'boat 1', launched },
      { id: 2, name: null, launched },
      { id: 3, name: 'boat 3', launched },
    ]);
    expect(second).toEqual(first);
    expect((await client.query(select, [3], { rowMode: 'array' })).rows).toEqual([[3, 'boat 3', launched]]);
    expect((await client.query('delete from boats where id > $1', [99])).affectedRows).toBe(0);
    expect((await prepared()).filter((text) => text === select)).toHaveLength(1);
  });

  it('goes on after an error, the first time and later, in a transaction too', async () => {
    const insert = 'insert into boats (id) values ($1)';
    const taken = { code: '23505', query: insert, params: [10] };
    await client.query(insert, [10]);
    for (const _ of [1, 2]) await expect(client.query(insert, [10])).rejects.toMatchObject(taken);
    await expect(client.query('select nothing from boats')).rejects.toMatchObject({ code: '42703' });
    await expect(client.query('insert into boats (id) values ($1)', ['no number'])).rejects.toThrow();
    await expect(
      client.transaction(async (transaction) => {
        await transaction.query(insert, [11]);
        await transaction.query(insert, [10]);
      }),
    ).rejects.toMatchObject({ code: '23505' });

    await client.query(insert, [12]);
    expect((await client.query('select id from boats where id > 9 order by id')).rows).toEqual([
      { id: 10 },
      { id: 12 },
    ]);
  });

  it('prepares a statement again now and then, and keeps only so many', async () => {
    await client.query('insert into boats (id) values ($1)', [20]);
    const often = 'select count(*) as boats from boats where id = $1';
    for (let time = 0; time < 1100; time += 1) {
      expect((await client.query(often, [20])).rows).toEqual([{ boats: 1 }]);
    }
    expect((await prepared()).filter((text) => text === often)).toHaveLength(1);
    for (let number = 0; number < 400; number += 1) await client.query(`select ${number} as number`);

    expect((await prepared()).length).toBeLessThanOrEqual(300);
    expect((await client.query(often, [20])).rows).toEqual([{ boats: 1 }]);
    expect((await client.query('select 0 as number')).rows).toEqual([{ number: 0 }]);
  });

  it('leaves texts that hold too much to come again, scripts and notifications alone', async () => {
    const heard: string[] = [];
    await client.listen('launch', (payload) => void heard.push(payload));
    const long = `select '${'x'.repeat(20_000)}' as word`;
    for (const _ of [1, 2]) expect((await client.query<{ word: string }>(long)).rows[0]?.word).toHaveLength(20_000);
    await client.exec('select 1; select 2');
    await client.query('select pg_notify($1, $2)', ['launch', 'first']);
    await client.query('select pg_notify($1, $2)', ['launch', 'second']);

    await expect.poll(() => heard).toEqual(['first', 'second']);
    expect(await prepared()).not.toContain(long);
  });
});
