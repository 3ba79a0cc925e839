/** What an API key looks like, and what of it is stored. */
import { createHash, randomBytes } from 'node:crypto';

export type KeyKind = 'admin' | 'workspace' | 'listener';

/** A recognisable beginning, so that secret scanners and people know one when they see it. */
const beginnings = { admin: 'tp_admin_', workspace: 'tp_ws_', listener: 'tp_lst_' } as const satisfies Record<
  KeyKind,
  string
>;

export interface NewKey {
  /** Shown once, to whoever asked for it. */
  readonly text: string;
  readonly hash: string;
  readonly prefix: string;
}

export function newKey(kind: KeyKind): NewKey {
  const text = beginnings[kind] + randomBytes(32).toString('base64url');
  return { text, hash: hashKey(text), prefix: prefixOf(text) };
}

/**
 * SHA-256 and no slow password hash: a key is 256 random bits, which nobody can guess however fast he hashes, and it is
 * hashed on every request. Looking a hash up by index gives nothing away either: who does not know the key cannot steer
 * its hash.
 */
export function hashKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Enough to find a key in a list, too little to help in guessing it. */
export function prefixOf(text: string): string {
  const beginning = Object.values(beginnings).find((known) => text.startsWith(known)) ?? '';
  return text.slice(0, beginning.length + 4);
}
