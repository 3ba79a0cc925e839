/** Names of Secrets by a keyed digest, and passwords by derivation: a restart needs no memory. */
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { TowpathError } from '../../domain/failure.ts';
import type { DeploymentId } from '../../domain/identifiers.ts';
import type { ResourceName } from '../../domain/resource-name.ts';

/** The listener's own 32 bytes; from them come names and passwords, and nothing else. */
export interface SecretKey {
  /** 12 hex digits that tell which key it was and give nothing away. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** Derived once: it keys the digest of every set of values. */
  readonly digestBytes: Uint8Array;
}

/** 32 raw bytes, or 64 hex digits with or without a final newline. */
export function parseSecretKey(content: Uint8Array, origin: string): SecretKey {
  const text = Buffer.from(content).toString('latin1').trim();
  const bytes = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(content);
  if (bytes.length !== 32) {
    throw new TowpathError(
      'terminal',
      'InvalidKey',
      `Cannot use ${origin} as the key of secrets: expected 32 bytes, or 64 hex digits; make one with "openssl rand -hex 32"`,
    );
  }
  const id = createHash('sha256').update('towpath key id\0').update(bytes).digest('hex').slice(0, 12);
  return { id, bytes, digestBytes: derive(bytes, 'digest of secrets') };
}

/** `<resource name>-env-<10 hex>`: another set of values gets another name, and nobody can guess values from it. */
export function environmentSecretName(
  key: SecretKey,
  name: ResourceName,
  values: Readonly<Record<string, string>>,
): string {
  return `${name}-env-${valuesDigest(key, name, values).slice(0, 10)}`;
}

export function databaseSecretName(name: ResourceName): string {
  return `${name}-database`;
}

/** With external-secrets: it holds the whole URI beside the password, since the store's may have to be escaped in it. */
export function databaseUriSecretName(name: ResourceName): string {
  return `${name}-database-uri`;
}

/** 32 characters of URL-safe base64: it may stand in a connection string unescaped. */
export function databasePassword(key: SecretKey, id: DeploymentId): string {
  return derive(key.bytes, `database password ${id}`).subarray(0, 24).toString('base64url');
}

/** A digest that changes with any name or value, and that nobody without the key can compute. */
function valuesDigest(key: SecretKey, purpose: string, values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHmac('sha256', key.digestBytes)
    .update(JSON.stringify([purpose, entries]))
    .digest('hex');
}

function derive(bytes: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', bytes, '', `towpath ${purpose}`, 32));
}
