/** What a database that is away, busy or refusing says, in our words; the codes are Postgres's, Node's and the driver's. */
import { Refusal } from '../refusal.ts';
import { busy } from './waiting.ts';

const away = 'The database cannot be reached: ask again';

/** Where the same request may succeed later; null: this is something else. */
export function unavailable(error: unknown): Refusal | null {
  // The gate's own, which drizzle takes for an error of the database.
  if (error instanceof Refusal) return error;
  const code = codeOf(error);
  if (code === '53100') return again('Cannot store anything: the disk of the database is full. Make room on it', 60);
  if (code === '55P03') return busy('somebody else holds what is to be changed');
  if (code === '57014' || code === '25P03') return busy('the database took too long');
  if (code === '40001' || code === '40P01') return busy('another change came first');
  if (isAway(code)) return again(away, 5);
  return null;
}

function again(message: string, retryAfterSeconds: number): Refusal {
  return new Refusal(503, message, { retryAfterSeconds });
}

const connecting = new Set(
  (
    'ECONNREFUSED ECONNRESET ENOTFOUND EAI_AGAIN ETIMEDOUT EPIPE EHOSTUNREACH ENETUNREACH ENOENT CONNECT_TIMEOUT ' +
    'CONNECTION_CLOSED CONNECTION_DESTROYED CONNECTION_ENDED CONNECTION_CONNECT_TIMEOUT'
  ).split(' '),
);

/**
 * Classes 08 (connection), 28 (its password is being changed), 53 (no memory, no connection left) and 57P (shut down,
 * starting up), a server that only reads, and TLS that does not come about.
 */
function isAway(code: string): boolean {
  return connecting.has(code) || /^(?:08...|28...|53...|57P..|25006|ERR_(?:SSL|TLS)_.*|EPROTO)$/.test(code);
}

function codeOf(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string') return current.code;
  }
  return '';
}

const reasons: readonly (readonly [RegExp, string])[] = [
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, 'there is no host of that name; check the address'],
  [/^(?:ECONNREFUSED|ENOENT)$/, 'nothing listens there; check the address and the port, and that it runs'],
  [/^(?:ETIMEDOUT|CONNECT_TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/, 'it does not answer; check the address and the network'],
  [/^28/, 'it refuses the user or the password; check both, and who may come from here (pg_hba.conf)'],
  [/^3D000$/, 'there is no such database; create it, or name another one'],
  [/^42501$/, 'the user may not create tables there; grant it, or make it the owner of the database'],
  [/^53300$/, 'it has no connection left; a control plane needs up to 12 in each process'],
  [/^57P/, 'it is starting or stopping; try again'],
  [/^25006$/, 'it only reads, as a standby does; name the primary, or write target_session_attrs=read-write'],
  [/ALTNAME/, 'its certificate is for another name; name the host as the certificate does'],
  [/CERT|SIGNATURE|ISSUER/, 'its certificate is not trusted; name its authority with sslrootcert=<file>'],
  [/^(?:ECONNRESET|EPROTO|CONNECTION_CLOSED|ERR_SSL|ERR_TLS)/, 'it ended the connection; does it speak TLS (sslmode)?'],
];

/** Why a database cannot be opened, and what to do. */
export function whyNotOpened(error: unknown): string {
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : '';
  // PgBouncer says everything with one code.
  if (code === '08P01' && /no such database/i.test(text)) return whyNotOpened(coded('3D000'));
  if (code === '08P01' && /auth|password|no such user/i.test(text)) return whyNotOpened(coded('28P01'));
  const known = reasons.find(([codes]) => codes.test(code))?.[1];
  return (
    known ?? `it failed (${code === '' ? 'for a reason that it does not tell' : code}); see the log of the database`
  );
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
