/** Certificate authorities out of a PEM file, trusted beside the public ones, never instead of them. */
import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import { TowpathError } from '../../domain/failure.ts';
import { FileFailure, readConfiguredFileSync, textOf, whyUnreadable } from './configured-file.ts';

/** For `ca` of a TLS connection. `option` names the file in the configuration: `controlPlane.caFile`. */
export function trustedAuthorities(path: string, option: string): string[] {
  return [...getCACertificates('default'), ...readAuthorities(path, option)];
}

function readAuthorities(path: string, option: string): readonly string[] {
  try {
    return certificatesIn(textOf(readConfiguredFileSync(path)));
  } catch (cause) {
    const message = `Cannot use the certificate authority "${path}": ${whyUnreadable(cause)}; check ${option}`;
    throw new TowpathError('terminal', 'InvalidAuthority', message, { cause });
  }
}

/** Each certificate by itself. Throws FileFailure. */
function certificatesIn(text: string): readonly string[] {
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (begun === 0) throw new FileFailure('it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)');
  if (certificates.length < begun || !certificates.every(isCertificate)) {
    throw new FileFailure('a certificate in it is damaged or cut off');
  }
  return certificates;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
