/** Certificate and private key of a server, read and judged before it listens. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { FileFailure, readConfiguredFile, textOf, whyUnreadable } from '../../adapters/files/configured-file.ts';
import { TowpathError } from '../../domain/failure.ts';

export interface TlsFiles {
  /** PEM; the certificates of intermediate authorities follow the server's own. */
  readonly certFile: string;
  /** PEM, without a passphrase. */
  readonly keyFile: string;
}

/** In PEM. Throws terminal `UnreadableTlsFile` that names every problem of both files. */
export async function readTlsFiles({
  certFile,
  keyFile,
}: TlsFiles): Promise<{ readonly cert: string; readonly key: string }> {
  const problems: string[] = [];
  const read = async <Part>(
    path: string,
    parse: (text: string) => Part,
  ): Promise<{ text: string; part: Part } | null> => {
    try {
      const text = textOf(await readConfiguredFile(path));
      return { text, part: parse(text) };
    } catch (cause) {
      problems.push(`"${path}": ${whyUnreadable(cause)}`);
      return null;
    }
  };
  const cert = await read(certFile, certificateIn);
  const key = await read(keyFile, privateKeyIn);
  if (cert && key && !cert.part.checkPrivateKey(key.part)) {
    problems.push(`"${keyFile}": it is not the key of the certificate "${certFile}"`);
  }
  if (cert && key && problems.length === 0) return { cert: cert.text, key: key.text };
  throw new TowpathError(
    'terminal',
    'UnreadableTlsFile',
    `Cannot serve TLS: ${problems.join('; ')}; correct the files`,
  );
}

function certificateIn(text: string): X509Certificate {
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new FileFailure('it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)');
  }
  try {
    return new X509Certificate(text);
  } catch {
    throw new FileFailure('its certificate is damaged or cut off');
  }
}

function privateKeyIn(text: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new FileFailure('it holds no private key in PEM');
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw new FileFailure('its key is encrypted; give one without a passphrase');
  }
  try {
    return createPrivateKey(text);
  } catch {
    throw new FileFailure('its private key is damaged or cut off');
  }
}
