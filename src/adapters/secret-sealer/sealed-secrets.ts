/** Hides secrets for Bitnami's sealed-secrets: encrypted for the controller's certificate, opened by nobody else. */
import { createCipheriv, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';
import { sealedFileOf } from '../../core/secrets/sealed-files.ts';
import { type SealingScope, sealedSecretText, sealingLabel } from '../../core/secrets/sealed-secret.ts';
import type { Clock, SecretSealer } from '../../ports.ts';
import { readSealingCertificate } from './certificate.ts';

interface SealedSecretsOptions {
  readonly certificateFile: string;
  readonly scope: SealingScope;
  readonly clock: Pick<Clock, 'now'>;
}

export function sealedSecretsSealer({ certificateFile, scope, clock }: SealedSecretsOptions): SecretSealer {
  return {
    fileOf: (name) => sealedFileOf('sealed-secrets', name),
    seal: async ({ values, ...secret }) => {
      // Read each time: a certificate that was turned counts from the next sealing on.
      const { publicKey } = await readSealingCertificate(certificateFile, clock.now());
      const label = Buffer.from(sealingLabel(secret, scope));
      const encrypted = Object.entries(values).map(([key, value]) => [key, envelope(publicKey, value, label)]);
      const text = sealedSecretText(secret, Object.fromEntries(encrypted), scope);
      return { files: new Map([[sealedFileOf('sealed-secrets', secret.name), text]]), note: null };
    },
  };
}

/** The length of the wrapped key in two bytes, the wrapped key, and the value; as kubeseal does it. */
function envelope(publicKey: KeyObject, value: string, oaepLabel: Buffer): string {
  const key = randomBytes(32);
  const wrapped = publicEncrypt({ key: publicKey, oaepHash: 'sha256', oaepLabel }, key);
  // The key is used this once, so that a nonce of zeros is as good as any.
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(wrapped.length);
  const parts = [length, wrapped, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString('base64');
}
