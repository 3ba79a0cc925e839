/** A certificate like the one of the sealed-secrets controller, with the private key that a test opens values with. */
import { generateKeyPairSync } from 'node:crypto';
import sshpk from 'sshpk';

interface SealingPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS#8. */
  readonly privateKey: string;
}

interface PairOptions {
  readonly validFrom?: Date;
  readonly validUntil?: Date;
  readonly kind?: 'rsa' | 'ecdsa';
  readonly bits?: number;
}

const day = 86_400_000;

export function sealingPair({ validFrom, validUntil, kind = 'rsa', bits = 2048 }: PairOptions = {}): SealingPair {
  const privateKey =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' })
      : sshpk.generatePrivateKey('ecdsa', { curve: 'nistp256' }).toString('pkcs8');
  const certificate = sshpk.createSelfSignedCertificate(
    [sshpk.identityFromDN('CN=sealed-secrets')],
    sshpk.parsePrivateKey(privateKey, 'pem'),
    {
      validFrom: validFrom ?? new Date(Date.now() - day),
      validUntil: validUntil ?? new Date(Date.now() + 365 * day),
    },
  );
  return { certificate: certificate.toString('pem'), privateKey: privateKey.toString() };
}
