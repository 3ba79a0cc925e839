/** Which database a control plane opens, and with which key it reads secret values. */
import { join } from 'node:path';
import {
  type EncryptionKey,
  encryptionKeyFromFile,
  encryptionKeyFromText,
  type Keyring,
  keyring,
} from '../../control-plane/secrets/keyring.ts';
import type { DatabaseLocation } from '../../control-plane/store/database.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { DatabaseOptions } from '../commands/control-plane.ts';
import { prepareDataFolder } from '../server/data-folder.ts';
import { newSecretKey, readOrMakeSecret } from '../server/key-file.ts';

const variable = 'TOWPATH_ENCRYPTION_KEY';

export async function openingOf(options: DatabaseOptions): Promise<{ location: DatabaseLocation; keyring: Keyring }> {
  const old = (options.oldEncryptionKeyFile ?? []).map(encryptionKeyFromFile);
  return { location: await locationOf(options), keyring: keyring(await encryptionKeyOf(options), old) };
}

async function locationOf({ databaseUrl, data }: DatabaseOptions): Promise<DatabaseLocation> {
  if (databaseUrl !== undefined) return { databaseUrl };
  return { dataFolder: join(await prepareDataFolder(data, []), 'database') };
}

/** Named by the user; an embedded database may also have one made beside it, since no other process shares it. */
async function encryptionKeyOf(options: DatabaseOptions): Promise<EncryptionKey> {
  const { encryptionKeyFile, databaseUrl, data } = options;
  if (encryptionKeyFile !== undefined) return encryptionKeyFromFile(encryptionKeyFile);
  const text = process.env[variable];
  if (text) return encryptionKeyFromText(text, variable);
  if (databaseUrl === undefined) {
    const path = join(await prepareDataFolder(data, []), 'encryption-key');
    return encryptionKeyFromText(await readOrMakeSecret(path, newSecretKey), path);
  }
  const message =
    'Cannot open a Postgres database without an encryption key: name one with --encryption-key-file or ' +
    `${variable}; every process on that database needs the same; make one with "openssl rand -hex 32"`;
  throw new TowpathError('terminal', 'MissingEncryptionKey', message);
}
