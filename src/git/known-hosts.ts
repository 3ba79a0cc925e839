/** OpenSSH's `known_hosts`: which keys a server may show. Pure; reading the file and asking the server is elsewhere. */
import { createHash, createHmac } from 'node:crypto';

export interface KnownHost {
  readonly line: number;
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`. */
  readonly type: string;
  /** The public key as SSH sends it. */
  readonly key: Buffer;
}

type HostKeyVerdict =
  | { readonly kind: 'trusted' }
  /** No line names this host; `authority` when one does, but only with a certificate authority. */
  | { readonly kind: 'unknown'; readonly authority: boolean }
  /** The host is known by other keys. */
  | { readonly kind: 'changed'; readonly known: readonly KnownHost[] }
  | { readonly kind: 'revoked'; readonly line: number };

/** The lines that speak of a host, hashed names and patterns included. Lines that cannot be read are passed over. */
export function findKnownHosts(text: string, host: string, port: number): readonly KnownHost[] {
  const name = hostName(host, port);
  return text.split(/\r?\n/).flatMap((line, index) => {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0]?.startsWith('@') ? fields.shift()?.slice(1) : 'none';
    const [names = '', type = '', encoded = ''] = fields;
    if (names === '' || names.startsWith('#') || !isMarker(marker) || !matchesHost(names, name)) return [];
    const key = Buffer.from(encoded, 'base64');
    return type !== '' && keyType(key) === type ? [{ line: index + 1, marker, type, key }] : [];
  });
}

export function judgeHostKey(known: readonly KnownHost[], key: Buffer): HostKeyVerdict {
  const same = known.filter((one) => one.key.equals(key));
  const revoked = same.find((one) => one.marker === 'revoked');
  if (revoked) return { kind: 'revoked', line: revoked.line };
  if (same.some((one) => one.marker === 'none')) return { kind: 'trusted' };
  const pinned = known.filter((one) => one.marker === 'none');
  if (pinned.length > 0) return { kind: 'changed', known: pinned };
  return { kind: 'unknown', authority: known.some((one) => one.marker === 'cert-authority') };
}

/** How a host is written in the file: `host`, or `[host]:port` off the standard port. */
export function hostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** `SHA256:…`, as ssh and every forge's documentation print it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a public key names itself; empty when it is none. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length <= key.length - 4 ? key.toString('latin1', 4, 4 + length) : '';
}

function isMarker(marker: string | undefined): marker is KnownHost['marker'] {
  return marker === 'none' || marker === 'revoked' || marker === 'cert-authority';
}

function matchesHost(names: string, name: string): boolean {
  if (names.startsWith('|')) return matchesHash(names, name);
  const patterns = names.toLowerCase().split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => matchesPattern(pattern, name));
}

/** `|1|<salt>|<HMAC-SHA1 of the name>`. */
function matchesHash(names: string, name: string): boolean {
  const [, version, salt = '', digest] = names.split('|');
  return version === '1' && createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === digest;
}

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
