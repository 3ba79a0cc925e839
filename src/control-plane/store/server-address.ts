/** Reads the URL of a Postgres server, as libpq and its many relatives write it: all that is wrong with it at once. */
import type postgres from 'postgres';
import { TowpathError } from '../../domain/failure.ts';
import { type TlsWishes, tlsOf, tlsWishes } from './server-tls.ts';

export interface ServerAddress {
  /** Without pool sizes and the like. */
  readonly options: postgres.Options<Record<string, never>>;
  /** Host and database, for messages: without user and password. */
  readonly place: string;
}

/** What others need and Towpath does not: it never names statements, and TCP is kept alive anyway. */
const withoutEffect = new Set(
  (
    'pgbouncer connection_limit pool_timeout statement_cache_size prepareThreshold keepalives keepalives_idle ' +
    'keepalives_interval keepalives_count tcp_user_timeout gssencmode fallback_application_name sslsni sslcompression ' +
    'uselibpqcompat'
  ).split(' '),
);
const sessions = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'];

export function serverAddress(databaseUrl: string): ServerAddress {
  const problems: string[] = [];
  const url = urlParts(databaseUrl);
  if (typeof url === 'string') throw refused('', [url]);
  const text = decoder(problems);
  const parameters = new Map([...new URLSearchParams(url.query)]);
  const asked = (name: string): string | undefined => taken(parameters, name);
  const hosts = hostsOf(asked('host') ?? text('host', url.hosts), asked('port'), problems);
  const database = asked('dbname') ?? text('database', url.database);
  const user = asked('user') ?? text('user', url.user);
  const password = asked('password') ?? text('password', url.password);
  const place = `${hosts.map(({ host, port }) => (host.startsWith('/') ? host : `${host}:${port}`)).join(',')}/${database}`;
  const wishes: TlsWishes = tlsWishes(asked, problems);
  const session = sessionOf(asked, problems);
  for (const name of parameters.keys()) if (!withoutEffect.has(name)) problems.push(unknown(name));
  const ssl =
    problems.length > 0 ? undefined : tlsOf(wishes, hosts.length === 1 ? hosts[0]?.host : undefined, problems);
  if (problems.length > 0) throw refused(place, problems);
  const [only] = hosts;
  return {
    place,
    options: {
      ...(only?.host.startsWith('/')
        ? { path: `${only.host}/.s.PGSQL.${only.port}` }
        : { host: hosts.map(({ host }) => host), port: hosts.map(({ port }) => port) }),
      ...(database === '' ? {} : { database }),
      ...(user === '' ? {} : { user }),
      ...(password === '' ? {} : { password }),
      ...(ssl === undefined ? {} : { ssl }),
      ...session,
    } as ServerAddress['options'],
  };
}

interface UrlParts {
  readonly user: string;
  readonly password: string;
  readonly hosts: string;
  readonly database: string;
  readonly query: string;
}

/** By hand, since several hosts are no URL for anybody else; a text where it is none at all. */
function urlParts(databaseUrl: string): UrlParts | string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(databaseUrl)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'it is no URL; expected postgres://<user>:<password>@<host>:<port>/<database>';
  if (!/^postgres(?:ql)?:\/\//i.test(databaseUrl)) return `expected postgres://…, found ${scheme}:…`;
  if (databaseUrl.includes('#')) return `it has a "#"; ${encoded}`;
  const [, authority = '', database = '', query = ''] =
    /^[a-z]+:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/i.exec(databaseUrl.trim()) ?? [];
  const at = authority.lastIndexOf('@');
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/.exec(authority.slice(0, Math.max(at, 0))) ?? [];
  return { user, password, hosts: authority.slice(at + 1), database, query };
}

const encoded =
  'what is special in a user or password is written as %40 (@), %2F (/), %3A (:), %3F (?), %23 (#), %25 (%)';

function decoder(problems: string[]): (what: string, text: string) => string {
  return (what, text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      problems.push(`its ${what} has a "%" that encodes nothing; ${encoded}`);
      return '';
    }
  };
}

function taken(parameters: Map<string, string>, name: string): string | undefined {
  const value = parameters.get(name);
  parameters.delete(name);
  return value === '' ? undefined : value;
}

interface Host {
  readonly host: string;
  readonly port: number;
}

function hostsOf(hosts: string, usual: string | undefined, problems: string[]): readonly Host[] {
  return hosts.split(',').map((each): Host => {
    const [, ipv6, name = '', port = usual] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(each) ?? [];
    const number = Number(port ?? 5432);
    if (!Number.isInteger(number) || number < 1 || number > 65_535) {
      problems.push(`its port is none; expected <host>:<port>, and ${encoded}`);
    }
    return { host: ipv6 ?? (name === '' ? 'localhost' : name), port: number };
  });
}

function sessionOf(asked: (name: string) => string | undefined, problems: string[]) {
  const seconds = asked('connect_timeout');
  const attributes = asked('target_session_attrs');
  const encoding = asked('client_encoding');
  const application = asked('application_name');
  const options = asked('options');
  if (seconds !== undefined && !/^[0-9]{1,4}$/.test(seconds)) problems.push('connect_timeout must be seconds');
  if (attributes !== undefined && !sessions.includes(attributes)) {
    problems.push(`target_session_attrs must be one of ${sessions.join(', ')}`);
  }
  if (encoding !== undefined && !/^(?:utf-?8|auto)$/i.test(encoding)) problems.push('client_encoding must be UTF8');
  return {
    ...(Number(seconds ?? 0) > 0 ? { connect_timeout: Number(seconds) } : {}),
    ...(attributes === undefined || attributes === 'any' ? {} : { target_session_attrs: attributes }),
    connection: { application_name: application ?? 'towpath', ...(options === undefined ? {} : { options }) },
  };
}

function unknown(name: string): string {
  const hint = name === 'schema' ? '; for another schema write options=-csearch_path%3D<schema>' : '; leave it out';
  return `its parameter ${JSON.stringify(name.slice(0, 50))} is unknown${hint}`;
}

function refused(place: string, problems: readonly string[]): TowpathError {
  const what = place === '' ? 'the database' : `the database at ${place}`;
  const message = `Cannot open ${what}: ${problems.join('; ')}`;
  return new TowpathError('terminal', 'InvalidDatabaseUrl', message);
}
