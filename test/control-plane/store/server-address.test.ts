/** The URLs of Postgres servers as clouds, ORMs and people write them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { serverAddress } from '../../../src/control-plane/store/server-address.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { testAuthority } from '../../support/tls.ts';

let folder: string;
let authority: string;
beforeAll(async () => {
  folder = await temporaryFolder('server-address');
  authority = join(folder, 'ca.crt');
  writeFileSync(authority, testAuthority().certificate);
  writeFileSync(join(folder, 'empty.crt'), '');
});

const read = (url: string) => serverAddress(url.replaceAll('<folder>', folder)).options;

describe('the URL of a Postgres server', () => {
  it.each([
    [
      'postgres://ada:pw@db.example:6543/towpath',
      { host: ['db.example'], port: [6543], user: 'ada', password: 'pw', database: 'towpath' },
    ],
    ['postgresql://db.example', { host: ['db.example'], port: [5432] }],
    ['POSTGRES://db.example/x', { host: ['db.example'], database: 'x' }],
    ['postgres://a%40b:p%2Fw%23%25@h/d', { user: 'a@b', password: 'p/w#%' }],
    ['postgres://a:p@w@h/d', { host: ['h'], password: 'p@w' }],
    ['postgres://[::1]:5433/d', { host: ['::1'], port: [5433] }],
    [
      'postgres://a:b@one:1,two:2/d?target_session_attrs=read-write',
      { host: ['one', 'two'], port: [1, 2], target_session_attrs: 'read-write' },
    ],
    ['postgres:///d?host=/var/run/postgresql', { path: '/var/run/postgresql/.s.PGSQL.5432', database: 'd' }],
    ['postgres://h/d?user=ada&password=p%26w', { user: 'ada', password: 'p&w' }],
    [
      'postgres://h/d?connect_timeout=7&application_name=mine',
      { connect_timeout: 7, connection: { application_name: 'mine' } },
    ],
    [
      'postgres://h/d?options=-csearch_path%3Dtowpath',
      { connection: { application_name: 'towpath', options: '-csearch_path=towpath' } },
    ],
    // Prisma's, Supabase's and libpq's: without any effect on a client that names no statements.
    [
      'postgres://h/d?pgbouncer=true&connection_limit=1&pool_timeout=0&keepalives_idle=30&gssencmode=disable',
      { host: ['h'] },
    ],
  ])('is read: %s', (url, wanted) => {
    expect(read(url)).toMatchObject(wanted);
  });

  it.each([
    ['', undefined],
    ['?sslmode=disable', false],
    ['?sslmode=prefer', 'prefer'],
    ['?sslmode=require', { rejectUnauthorized: false }],
    ['?ssl=true', { rejectUnauthorized: false }],
    ['?sslmode=verify-full', { rejectUnauthorized: true }],
    [
      '?sslmode=verify-full&sslrootcert=<folder>/ca.crt',
      { rejectUnauthorized: true, ca: expect.stringContaining('BEGIN') },
    ],
    ['?sslrootcert=<folder>/ca.crt', { rejectUnauthorized: true, ca: expect.stringContaining('BEGIN') }],
    ['?sslrootcert=system', { rejectUnauthorized: true, ca: expect.any(Array) }],
    [
      '?sslmode=require&sslrootcert=<folder>/ca.crt',
      { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) },
    ],
    // Neon's: what binds the channel proves who is at its end, and so does a certificate that is verified.
    ['?sslmode=require&channel_binding=require', { rejectUnauthorized: true }],
    ['?sslmode=require&channel_binding=prefer', { rejectUnauthorized: false }],
  ])('says how TLS is to be: %s', (query, wanted) => {
    const { ssl } = read(`postgres://h.example/d${query}`);

    if (typeof wanted === 'object') expect(ssl).toMatchObject(wanted);
    else expect(ssl).toBe(wanted);
  });

  it.each([
    ['mysql://a:planted@b/c', 'Cannot open the database: expected postgres://…, found mysql:…'],
    ['a', 'Cannot open the database: it is no URL; expected postgres://'],
    ['jdbc:postgresql://h/d', 'Cannot open the database: expected postgres://…, found jdbc:…'],
    ['postgres://a:plan#ted@h/d', 'it has a "#"; what is special in a user or password is written as'],
    ['postgres://a:planted/x@h/d', 'its port is none; expected <host>:<port>'],
    ['postgres://a:planted%zz@h/d', 'its password has a "%" that encodes nothing'],
    ['postgres://h:99999/d', 'Cannot open the database at h:99999/d: its port is none'],
    ['postgres://h/d?sslmode=on', 'sslmode must be one of disable, allow, prefer'],
    ['postgres://h/d?sslmode=verify-full&sslrootcert=<folder>/none.crt', 'none.crt" cannot be read'],
    ['postgres://h/d?sslrootcert=<folder>/empty.crt', 'empty.crt" holds no PEM'],
    ['postgres://h/d?sslrootcert=<folder>', '" cannot be read'],
    ['postgres://h/d?channel_binding=require', 'channel_binding=require needs TLS: write sslmode=verify-full'],
    [
      'postgres://h/d?schema=mine',
      'its parameter "schema" is unknown; for another schema write options=-csearch_path%3D<schema>',
    ],
    [
      'postgres://h/d?sslmod=require&conect_timeout=1',
      '"sslmod" is unknown; leave it out; its parameter "conect_timeout" is unknown',
    ],
  ])('is refused with all that is wrong: %s', (url, wanted) => {
    expect(() => read(url)).toThrow(expect.objectContaining({ kind: 'terminal', reason: 'InvalidDatabaseUrl' }));
    expect(() => read(url)).toThrow(wanted.replaceAll('<folder>', folder));
    expect(() => read(url)).not.toThrow(/planted/);
  });
});
