/** Reads an armoured OpenPGP private key as one that signs commits; openpgp is loaded with this file, and only then. */
import {
  createMessage,
  decryptKey,
  type PrivateKey,
  readKeys,
  readPrivateKey,
  readSignature,
  sign,
  verify,
} from 'openpgp';
import { type KeyIdentity, type SigningKey, SigningKeyError } from './sign-key.ts';

export async function readGpgSigningKey(text: string, passphrase: string | null): Promise<SigningKey> {
  refuseOthers(text);
  const key = await opened(await parse(text), passphrase);
  const signingKeyId = await usableKeyId(key);
  const publicPart = key.toPublic();
  return {
    sign: async (payload) => {
      const message = await createMessage({ binary: new Uint8Array(payload) });
      return sign({ message, signingKeys: key, detached: true });
    },
    verify: async (payload, armouredSignature) => {
      const message = await createMessage({ binary: new Uint8Array(payload) });
      const signature = await readSignature({ armoredSignature: armouredSignature });
      const { signatures } = await verify({ message, signature, verificationKeys: publicPart });
      const verdicts = await Promise.allSettled(signatures.map(({ verified }) => verified));
      return verdicts.length > 0 && verdicts.every((one) => one.status === 'fulfilled' && one.value);
    },
    identity: await identityOf(key, publicPart.armor(), signingKeyId),
  };
}

/** Ids, 16 hex digits in capitals, of all keys and subkeys in armoured blocks of public keys; what is none is passed over. */
export async function gpgKeyIdsOf(text: string): Promise<readonly string[]> {
  const blocks = text.match(/-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g) ?? [];
  const read = blocks.map((armoredKeys) => readKeys({ armoredKeys }).catch(() => []));
  const keys = (await Promise.all(read)).flat();
  return keys.flatMap((key) => key.getKeyIDs().map((id) => id.toHex().toUpperCase()));
}

const exportIt = 'export it with "gpg --armor --export-secret-keys <id>"';

function refuseOthers(text: string): void {
  if (/^-----BEGIN (?:OPENSSH|RSA|EC|DSA|ENCRYPTED)? ?PRIVATE KEY-----|^(?:ssh|ecdsa)-\S+ \S/m.test(text)) {
    throw new SigningKeyError('foreign', 'it holds an SSH key, not an OpenPGP key');
  }
  if (/^-----BEGIN PGP PUBLIC KEY BLOCK-----/m.test(text)) {
    throw new SigningKeyError('unusable', `it is a public key; name the private one: ${exportIt}`);
  }
  if (!/^-----BEGIN PGP PRIVATE KEY BLOCK-----/m.test(text)) {
    throw new SigningKeyError('unusable', `it holds no armoured OpenPGP private key; ${exportIt}`);
  }
}

async function parse(text: string): Promise<PrivateKey> {
  try {
    return await readPrivateKey({ armoredKey: text });
  } catch (cause) {
    throw new SigningKeyError('unusable', `it cannot be read as an OpenPGP private key; ${exportIt}`, { cause });
  }
}

async function opened(key: PrivateKey, passphrase: string | null): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  if (passphrase === null) throw new SigningKeyError('encrypted', 'it is encrypted');
  try {
    return await decryptKey({ privateKey: key, passphrase });
  } catch (cause) {
    throw new SigningKeyError('passphrase', 'the passphrase does not open it', { cause });
  }
}

/** Of the newest subkey that may sign, or of the primary key. */
async function usableKeyId(key: PrivateKey): Promise<string> {
  const id = key.getKeyID().toHex().toUpperCase();
  if (await key.isRevoked()) throw new SigningKeyError('unusable', `key ${id} is revoked; sign with another`);
  const expiry = await key.getExpirationTime();
  if (expiry instanceof Date && expiry.getTime() <= Date.now()) {
    const mend = 'extend it with "gpg --quick-set-expire", and export it again';
    throw new SigningKeyError('unusable', `key ${id} expired on ${expiry.toISOString().slice(0, 10)}; ${mend}`);
  }
  try {
    return (await key.getSigningKey()).getKeyID().toHex().toUpperCase();
  } catch (cause) {
    throw new SigningKeyError('unusable', whyUnusable(id, cause instanceof Error ? cause.message : ''), { cause });
  }
}

/** `said` are openpgp's words for why no part of the key may sign. */
function whyUnusable(id: string, said: string): string {
  const another = 'make another with "gpg --quick-gen-key <user id> ed25519 sign"';
  if (/too weak/i.test(said)) return `key ${id} is too weak (RSA of less than 2048 bits, or DSA); ${another}`;
  if (/eckey-utils|unknown curve|not supported/i.test(said))
    return `the curve of key ${id} is not known here; ${another}`;
  if (/in the future/i.test(said))
    return `key ${id} was made later than now by this machine's clock; set the clock right`;
  const mend = 'add one with "gpg --quick-add-key <fingerprint> ed25519 sign", and export it again';
  return `key ${id} has no part that may sign today (for encryption or certification alone, expired or revoked); ${mend}`;
}

async function identityOf(key: PrivateKey, publicKey: string, signingKeyId: string): Promise<KeyIdentity> {
  const valid = await Promise.all(key.users.map(isValid));
  const addresses = key.users.flatMap(({ userID }, index) => (valid[index] && userID?.email ? [userID.email] : []));
  return { kind: 'gpg', publicKey, keyId: key.getKeyID().toHex().toUpperCase(), signingKeyId, addresses };
}

/** A user id that its owner took back no longer counts at a forge. */
async function isValid(user: PrivateKey['users'][number]): Promise<boolean> {
  try {
    return (await user.verify()) === true;
  } catch {
    return false;
  }
}
