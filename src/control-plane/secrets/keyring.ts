/** The encryption keys that this process knows: one that closes, and older ones that can still open. */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { TowpathError } from '../../domain/failure.ts';

export interface EncryptionKey {
  /** Derived from the key, so that nobody has to name it; says nothing about it. */
  readonly id: string;
  /** Ready for use: made once, it opens four times as fast as bytes do. */
  readonly key: KeyObject;
}

export interface Keyring {
  readonly current: EncryptionKey;
  /** By id, the current one included. */
  readonly known: ReadonlyMap<string, EncryptionKey>;
}

export function keyring(current: EncryptionKey, old: readonly EncryptionKey[] = []): Keyring {
  return { current, known: new Map([...old, current].map((key) => [key.id, key])) };
}

/** 32 bytes as they are, or written as 64 hex digits or as base64. `source` names the file in the error. */
export function encryptionKeyFromBytes(content: Buffer, source: string): EncryptionKey {
  const key = content.length === 32 ? content : parseText(content.toString('latin1').trim());
  if (!key) throw invalid(source, `expected 32 bytes, or 64 hex digits; ${makeOne}`);
  return withId(key);
}

/** `source` names the environment variable in the error. */
export function encryptionKeyFromText(text: string, source: string): EncryptionKey {
  const key = parseText(text.trim());
  if (!key) throw invalid(source, `expected 64 hex digits (32 bytes); ${makeOne}`);
  return withId(key);
}

function parseText(text: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return Buffer.from(text, 'base64');
  return null;
}

function withId(bytes: Buffer): EncryptionKey {
  const digest = createHash('sha256').update('towpath encryption key id\0').update(bytes).digest('hex');
  return { id: digest.slice(0, 16), key: createSecretKey(bytes) };
}

const makeOne = 'make one with: openssl rand -hex 32';

function invalid(source: string, why: string): TowpathError {
  return new TowpathError('terminal', 'InvalidEncryptionKey', `Cannot read the encryption key from ${source}: ${why}`);
}
