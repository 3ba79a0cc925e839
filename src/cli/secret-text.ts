/** One secret out of a file or an environment variable, read at each use: a file that was changed counts at once. */
import { readFile } from 'node:fs/promises';
import { TowpathError } from '../domain/failure.ts';

export interface SecretPlace {
  readonly file?: string | undefined;
  readonly variable?: string | undefined;
}

export interface SecretPurpose {
  /** For messages: `secret of webhooks`. */
  readonly what: string;
  /** The option that names the file or the variable. */
  readonly option: string;
}

export async function secretText({ file, variable }: SecretPlace, purpose: SecretPurpose): Promise<string> {
  const { what, option } = purpose;
  const text = file === undefined ? process.env[variable ?? ''] : await textOf(file, purpose);
  const secret = (text ?? '').replace(/\r?\n$/, '');
  const why = secret === '' ? 'it is empty or not set' : /[\u0000-\u001f\u007f]/.test(secret) ? severalLines : null;
  if (why === null) return secret;
  const message = `Cannot use the ${what} "${file ?? `$${variable}`}": ${why}; check ${option}`;
  throw new TowpathError('terminal', 'InvalidSecret', message);
}

/** Such a text would end the header that carries it. */
const severalLines = 'it holds a control character or more than one line';

async function textOf(file: string, { what, option }: SecretPurpose): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EACCES: 'this user may not read it',
      EISDIR: 'it is a folder',
    };
    const message = `Cannot read the ${what} "${file}": ${reasons[code] ?? code}; check ${option}`;
    throw new TowpathError('terminal', 'UnreadableSecret', message, { cause });
  }
}
