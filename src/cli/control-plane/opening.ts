/** Which database a control plane opens, and with which key it reads secret values. */
import { join, resolve } from 'node:path';
import { keyBytesOf, readConfiguredFileSync, whyUnreadable } from '../../adapters/files/configured-file.ts';
import {
  type EncryptionKey,
  encryptionKeyFromBytes,
  encryptionKeyFromText,
  type Keyring,
  keyring,
} from '../../control-plane/secrets/keyring.ts';
import type { DatabaseLocation } from '../../control-plane/store/database.ts';
import { requireExisting } from '../../control-plane/store/existing.ts';
import { TowpathError } from '../../domain/failure.ts';
import { prepareDataFolder } from '../server/data-folder.ts';
import { newSecretKey, readOrMakeSecret, readSecret } from '../server/key-file.ts';
import type { DatabaseOptions } from './control-plane-options.ts';

const variable = 'TOWPATH_ENCRYPTION_KEY';
const databaseFolder = 'database';
const keyFile = 'encryption-key';

interface Opening {
  readonly location: DatabaseLocation;
  readonly keyring: Keyring;
}

/** To serve: what an embedded database lacks is made. */
export async function openingOf(options: DatabaseOptions): Promise<Opening> {
  return { location: await locationOf(options), keyring: keyringOf(options, await encryptionKeyOf(options, madeKey)) };
}

/** To `action` what is there: neither a database nor a key is ever made. */
export async function existingOpening(options: DatabaseOptions, action: string): Promise<Opening> {
  const { databaseUrl, data } = options;
  const location = databaseUrl === undefined ? { dataFolder: join(resolve(data), databaseFolder) } : { databaseUrl };
  await requireExisting(location, action);
  return { location, keyring: keyringOf(options, await encryptionKeyOf(options, keptKey)) };
}

function keyringOf(options: DatabaseOptions, current: EncryptionKey): Keyring {
  return keyring(current, (options.oldEncryptionKeyFile ?? []).map(encryptionKeyFromFile));
}

async function locationOf({ databaseUrl, data }: DatabaseOptions): Promise<DatabaseLocation> {
  if (databaseUrl !== undefined) return { databaseUrl };
  return { dataFolder: join(await prepareDataFolder(data, []), databaseFolder) };
}

/** Named by the user; an embedded database may also have one made beside it, since no other process shares it. */
async function encryptionKeyOf(
  options: DatabaseOptions,
  beside: (data: string) => Promise<EncryptionKey>,
): Promise<EncryptionKey> {
  const { encryptionKeyFile, databaseUrl, data } = options;
  if (encryptionKeyFile !== undefined) return encryptionKeyFromFile(encryptionKeyFile);
  const text = process.env[variable];
  if (text) return encryptionKeyFromText(text, variable);
  if (databaseUrl === undefined) return beside(data);
  const message =
    'Cannot open a Postgres database without an encryption key: name one with --encryption-key-file or ' +
    `${variable}; every process on that database needs the same; make one with "openssl rand -hex 32"`;
  throw new TowpathError('terminal', 'MissingEncryptionKey', message);
}

function encryptionKeyFromFile(path: string): EncryptionKey {
  try {
    return encryptionKeyFromBytes(keyBytesOf(readConfiguredFileSync(path)), `the file "${path}"`);
  } catch (cause) {
    if (cause instanceof TowpathError) throw cause;
    const why = `${whyUnreadable(cause)}; make one with: openssl rand -hex 32`;
    const message = `Cannot read the encryption key from the file "${path}": ${why}`;
    throw new TowpathError('terminal', 'InvalidEncryptionKey', message, { cause });
  }
}

async function madeKey(data: string): Promise<EncryptionKey> {
  const path = join(await prepareDataFolder(data, []), keyFile);
  return encryptionKeyFromText(await readOrMakeSecret(path, newSecretKey), path);
}

async function keptKey(data: string): Promise<EncryptionKey> {
  const path = join(resolve(data), keyFile);
  const text = await readSecret(path);
  if (text !== null) return encryptionKeyFromText(text, path);
  const message = `Cannot read the encryption key "${path}": there is no such file; name the key with --encryption-key-file or ${variable}`;
  throw new TowpathError('terminal', 'MissingEncryptionKey', message);
}
