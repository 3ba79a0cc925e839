/** What the URL of a Postgres server says of TLS, as options of Node's own TLS. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, getCACertificates } from 'node:tls';

const modes = ['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof modes)[number];

export interface TlsWishes {
  /** Undefined: nothing was said, so there is none. */
  readonly mode: Mode | undefined;
  /** `system`, or a file. */
  readonly rootCertificate: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly passphrase: string | undefined;
  readonly direct: boolean;
}

type Asked = (name: string) => string | undefined;

export function tlsWishes(asked: Asked, problems: string[]): TlsWishes {
  const rootCertificate = asked('sslrootcert');
  const negotiation = asked('sslnegotiation');
  if (negotiation !== undefined && !['postgres', 'direct'].includes(negotiation)) {
    problems.push('sslnegotiation must be one of postgres, direct');
  }
  return {
    mode: bound(asked('channel_binding'), modeOf(asked, rootCertificate, problems), problems),
    rootCertificate,
    certificate: asked('sslcert'),
    key: asked('sslkey'),
    passphrase: asked('sslpassword'),
    direct: negotiation === 'direct',
  };
}

/** As libpq reads it: who names an authority wants it to be asked. */
function modeOf(asked: Asked, rootCertificate: string | undefined, problems: string[]): Mode | undefined {
  const said = asked('sslmode');
  const flag = asked('ssl');
  if (said !== undefined && !modes.includes(said as Mode)) problems.push(`sslmode must be one of ${modes.join(', ')}`);
  if (flag !== undefined && !/^(?:true|false|1|0)$/.test(flag)) problems.push('ssl must be true or false');
  const mode = (said as Mode | undefined) ?? (flag === 'true' || flag === '1' ? 'require' : undefined);
  if (rootCertificate === 'system') return 'verify-full';
  if (rootCertificate !== undefined && mode === undefined) return 'verify-full';
  return mode === 'require' && rootCertificate !== undefined ? 'verify-ca' : mode;
}

/**
 * Channel binding proves that nobody sits in between; the driver does not know it, and a certificate that is verified
 * proves the same.
 */
function bound(asked: string | undefined, mode: Mode | undefined, problems: string[]): Mode | undefined {
  if (asked !== undefined && !['disable', 'prefer', 'require'].includes(asked)) {
    problems.push('channel_binding must be one of disable, prefer, require');
  }
  if (asked !== 'require') return mode;
  if (mode === undefined || ['disable', 'allow', 'prefer'].includes(mode)) {
    problems.push('channel_binding=require needs TLS: write sslmode=verify-full');
  }
  return 'verify-full';
}

type Tls = false | 'prefer' | ConnectionOptions;

export function tlsOf(wishes: TlsWishes, onlyHost: string | undefined, problems: string[]): Tls | undefined {
  const { mode } = wishes;
  if (mode === undefined) return undefined;
  if (mode === 'disable') return false;
  if (mode === 'allow' || mode === 'prefer') return 'prefer';
  const own = {
    ...fileOption('cert', 'sslcert', wishes.certificate, problems),
    ...fileOption('key', 'sslkey', wishes.key, problems),
    ...(wishes.passphrase === undefined ? {} : { passphrase: wishes.passphrase }),
    ...(wishes.direct ? { ALPNProtocols: ['postgresql'] } : {}),
  };
  if (mode === 'require' || mode === 'no-verify') return { ...own, rejectUnauthorized: false };
  const trust = { ...own, ...authorities(wishes.rootCertificate, problems), rejectUnauthorized: true };
  if (mode === 'verify-ca') return { ...trust, checkServerIdentity: () => undefined };
  // The driver names no host where it is an address, and Node would then ask for "localhost".
  if (onlyHost === undefined || isIP(onlyHost) === 0) return trust;
  return { ...trust, checkServerIdentity: (_, certificate) => checkServerIdentity(onlyHost, certificate) };
}

function authorities(path: string | undefined, problems: string[]): Pick<ConnectionOptions, 'ca'> {
  if (path === undefined) return {};
  if (path === 'system') return { ca: [...getCACertificates('default'), ...getCACertificates('system')] };
  return fileOption('ca', 'sslrootcert', path, problems);
}

function fileOption<Name extends 'ca' | 'cert' | 'key'>(
  name: Name,
  option: string,
  path: string | undefined,
  problems: string[],
): { readonly [Each in Name]?: string } {
  if (path === undefined) return {};
  const text = readText(path);
  if (text?.includes('-----BEGIN ')) return { [name]: text } as { readonly [Each in Name]?: string };
  problems.push(
    `its ${option} "${path}" ${text === null ? 'cannot be read; check the path and its rights' : 'holds no PEM'}`,
  );
  return {};
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
