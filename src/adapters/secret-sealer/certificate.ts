/** The certificate that secrets are sealed for: read, and refused where the controller could not open what is sealed. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { TowpathError } from '../../domain/failure.ts';
import { readConfiguredFile, textOf, whyUnreadable } from '../files/configured-file.ts';
import { sealingAgainMs } from './settings.ts';

/** The controller's own have 4096. */
const fewestBits = 2048;

interface SealingCertificate {
  readonly publicKey: KeyObject;
  readonly validUntil: Date;
}

/** Throws a terminal TowpathError that says how to get a good one. */
export async function readSealingCertificate(file: string, now: Date): Promise<SealingCertificate> {
  const certificate = parsed(await contentOf(file), file);
  const validUntil = new Date(certificate.validTo);
  if (validUntil <= now) throw unusable(file, `it is expired since ${certificate.validTo}`);
  if (new Date(certificate.validFrom) > now) throw unusable(file, `it is valid from ${certificate.validFrom} on only`);
  const { publicKey } = certificate;
  if (publicKey.asymmetricKeyType !== 'rsa') {
    throw unusable(
      file,
      `its key is ${publicKey.asymmetricKeyType ?? 'of no known kind'}, and the controller's is RSA`,
    );
  }
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < fewestBits) throw unusable(file, `its RSA key of ${bits} bits is too weak for what stays in git for ever`);
  return { publicKey, validUntil };
}

async function contentOf(file: string): Promise<string> {
  try {
    return textOf(await readConfiguredFile(file));
  } catch (cause) {
    throw unusable(file, whyUnreadable(cause), cause);
  }
}

/** kubeseal writes several into one file, newest first, where the controller has several. */
function parsed(content: string, file: string): X509Certificate {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(content)) {
    throw unusable(file, 'it holds a private key, which belongs to the controller alone');
  }
  try {
    return new X509Certificate(content);
  } catch (cause) {
    throw unusable(file, 'it is no certificate in PEM', cause);
  }
}

function unusable(file: string, why: string, cause?: unknown): TowpathError {
  const message = `Cannot seal for the certificate "${file}": ${why}; fetch the newest with "kubeseal --fetch-cert > ${file}"`;
  // Nobody tells when a file was mended, so it is looked at again.
  return new TowpathError('terminal', 'SealingCertificate', message, { cause, retryAfterMs: sealingAgainMs });
}
