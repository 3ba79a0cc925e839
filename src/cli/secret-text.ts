/** One secret out of a file or an environment variable, read at each use: a file that was changed counts at once. */
import { FileFailure, readConfiguredFile, secretLineOf, whyUnreadable } from '../adapters/files/configured-file.ts';
import { TowpathError } from '../domain/failure.ts';

export interface SecretPlace {
  readonly file?: string | undefined;
  readonly variable?: string | undefined;
}

interface SecretPurpose {
  /** For messages: `secret of webhooks`. */
  readonly what: string;
  /** The option that names the file or the variable. */
  readonly option: string;
}

export async function secretText({ file, variable }: SecretPlace, purpose: SecretPurpose): Promise<string> {
  const { what, option } = purpose;
  try {
    if (file !== undefined) return secretLineOf(await readConfiguredFile(file));
    const text = process.env[variable ?? ''] ?? '';
    if (text === '') throw new FileFailure('it is not set');
    return secretLineOf(Buffer.from(text));
  } catch (cause) {
    const message = `Cannot use the ${what} "${file ?? `$${variable}`}": ${whyUnreadable(cause)}; check ${option}`;
    throw new TowpathError('terminal', 'InvalidSecret', message, { cause });
  }
}
