/** Hides secrets as sops does, for the owners of age keys: Flux among them. */
import { createCipheriv, randomBytes } from 'node:crypto';
import { sealedFileOf } from '../../core/secrets/sealed-files.ts';
import { type SopsValue, sopsFileText } from '../../core/secrets/sops-file.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { Clock, SecretSealer } from '../../ports.ts';
import { readConfiguredFile, textOf, whyUnreadable } from '../files/configured-file.ts';
import { sealingAgainMs } from './settings.ts';

interface SopsOptions {
  readonly recipients: readonly string[];
  /** One a line, instead of `recipients`. */
  readonly recipientsFile: string | undefined;
  readonly clock: Pick<Clock, 'now'>;
}

export function sopsSealer(options: SopsOptions): SecretSealer {
  return {
    fileOf: (name) => sealedFileOf('sops', name),
    seal: async (secret) => {
      const dataKey = randomBytes(32);
      const text = sopsFileText({
        secret,
        recipients: await wrapped(dataKey, await readAgeRecipients(options)),
        lastModified: options.clock.now(),
        encrypt: (value, bound) => encrypted(dataKey, value, bound),
      });
      return { files: new Map([[sealedFileOf('sops', secret.name), text]]), note: null };
    },
  };
}

/** Of the file, read each time; blank lines and comments are passed over. */
export async function readAgeRecipients({
  recipients,
  recipientsFile,
}: Omit<SopsOptions, 'clock'>): Promise<readonly string[]> {
  if (recipientsFile === undefined) return recipients;
  const lines = (await contentOf(recipientsFile))
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw unusable(recipientsFile, 'it names none');
  if (lines.some((line) => /^AGE-SECRET-KEY-/i.test(line))) {
    throw unusable(recipientsFile, 'it holds a secret key, which belongs to Flux alone');
  }
  const wrong = lines.findIndex((line) => !/^age1[0-9a-z]{58}$/.test(line));
  if (wrong >= 0) throw unusable(recipientsFile, `entry ${wrong + 1} is no age public key`);
  return [...new Set(lines)];
}

async function contentOf(file: string): Promise<string> {
  try {
    return textOf(await readConfiguredFile(file));
  } catch (cause) {
    throw unusable(file, whyUnreadable(cause), cause);
  }
}

/** Each recipient has the data key to himself, so that one is taken away without the others. */
async function wrapped(dataKey: Uint8Array, recipients: readonly string[]) {
  // Loaded only where it is configured.
  const { armor, Encrypter } = await import('age-encryption');
  return Promise.all(
    recipients.map(async (recipient) => {
      const encrypter = new Encrypter();
      try {
        encrypter.addRecipient(recipient);
      } catch (cause) {
        const message = `Cannot encrypt for the age recipient ${recipient}: its checksum is wrong; copy the public key again`;
        throw new TowpathError('terminal', 'AgeRecipient', message, { cause, retryAfterMs: sealingAgainMs });
      }
      const enc = armor.encode(await encrypter.encrypt(dataKey));
      return { recipient, enc: enc.endsWith('\n') ? enc : `${enc}\n` };
    }),
  );
}

/** sops takes nonces of 32 bytes. */
function encrypted(key: Uint8Array, text: string, bound: string): SopsValue {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(bound, 'utf8'));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return { data, iv, tag: cipher.getAuthTag() };
}

function unusable(file: string, why: string, cause?: unknown): TowpathError {
  const message = `Cannot use the age recipients in "${file}": ${why}; expected one public key (age1…) a line, as "age-keygen -y" prints it`;
  return new TowpathError('terminal', 'AgeRecipient', message, { cause, retryAfterMs: sealingAgainMs });
}
