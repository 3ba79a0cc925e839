/** Secrets at rest: AES-256-GCM, a random nonce each, bound to the row that they belong to. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { TowpathError } from '../../domain/failure.ts';
import type { SecretBox } from '../services.ts';
import type { Keyring } from './keyring.ts';

const nonceBytes = 12;
const tagBytes = 16;
/** Names the format, so that another one can stand beside it later. */
const format = 'v1.';

export function secretBox(keys: Keyring): SecretBox {
  return {
    seal(plain, purpose) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', keys.current.key, nonce).setAAD(bound(keys.current.id, purpose));
      const closed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return { keyId: keys.current.id, sealed: format + closed.toString('base64') };
    },
    whyUnreadable: (keyId) => (keys.known.has(keyId) ? null : missingKey(keys, keyId).message),
    open({ keyId, sealed }, purpose) {
      const key = keys.known.get(keyId);
      if (!key) throw missingKey(keys, keyId);
      const closed = Buffer.from(sealed.slice(format.length), 'base64');
      if (!sealed.startsWith(format) || closed.length < nonceBytes + tagBytes) {
        throw unreadable('DamagedSecret', 'the stored text has no known form');
      }
      const decipher = createDecipheriv('aes-256-gcm', key.key, closed.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(bound(keyId, purpose)).setAuthTag(closed.subarray(-tagBytes));
      try {
        return decipher.update(closed.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        throw unreadable('DamagedSecret', `it was not closed by key ${keyId} for this place`, cause);
      }
    },
  };
}

/** What the text of one secret set is bound to: moved to another row or deployment, it does not open. */
export function secretSetPurpose(deploymentId: string, secretSetId: string): string {
  return `secret set ${secretSetId} of deployment ${deploymentId}`;
}

function bound(keyId: string, purpose: string): Buffer {
  return Buffer.from(`towpath ${format} ${keyId} ${purpose}`);
}

function missingKey(keys: Keyring, keyId: string): TowpathError {
  return unreadable('MissingEncryptionKey', `the encryption key ${keyId} is not among ${namesOf(keys)}`);
}

function namesOf(keys: Keyring): string {
  return `those given (${[...keys.known.keys()].join(', ')})`;
}

function unreadable(reason: string, why: string, cause?: unknown): TowpathError {
  return new TowpathError(
    'terminal',
    reason,
    `Cannot read a stored secret: ${why}; start with the key that closed it as an old key`,
    cause === undefined ? {} : { cause },
  );
}
