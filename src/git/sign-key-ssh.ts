/** Reads an SSH private key, encrypted or not, as one that signs commits. */
import { createHash } from 'node:crypto';
import sshpk from 'sshpk';
import { type SigningKey, SigningKeyError } from './sign-key.ts';
import { keyTypeOf, signingKeyTypes, sshSignature, verifySshSignature } from './signature-ssh.ts';
import { type KeyObjects, keyObjectsOf } from './ssh-key-object.ts';

export async function readSshSigningKey(text: string, passphrase: string | null): Promise<SigningKey> {
  refuseOthers(text);
  const key = parse(text, passphrase);
  const publicBlob = key.toPublic().toBuffer('rfc4253', {});
  const type = keyTypeOf(publicBlob);
  if (!signingKeyTypes.includes(type)) {
    throw new SigningKeyError('unusable', `keys of type ${type} cannot sign here; ${makeOne}`);
  }
  const { publicKey, privateKey } = keyObjects(key);
  const bits = publicKey.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < fewestBits) {
    throw new SigningKeyError('unusable', `an RSA key of ${bits} bits is too weak; ${makeOne}`);
  }
  const pair = { publicBlob, publicKey, privateKey };
  return {
    sign: (payload) => sshSignature(pair, payload),
    verify: (payload, signature) => verifySshSignature(pair, payload, signature),
    identity: {
      kind: 'ssh',
      publicKey: `${type} ${publicBlob.toString('base64')}`,
      fingerprint: `SHA256:${createHash('sha256').update(publicBlob).digest('base64').replace(/=+$/, '')}`,
    },
  };
}

function keyObjects(key: sshpk.PrivateKey): KeyObjects {
  try {
    return keyObjectsOf(key);
  } catch (cause) {
    throw new SigningKeyError('unusable', `its numbers are not those of a valid key; ${makeOne}`, { cause });
  }
}

/** Forges take no weaker RSA key; OpenPGP's library does not either. */
const fewestBits = 2048;
const makeOne = 'make one with "ssh-keygen -t ed25519"';

/** What people name by mistake, each with its own word. */
function refuseOthers(text: string): void {
  if (/^-----BEGIN PGP /m.test(text)) throw new SigningKeyError('foreign', 'it holds an OpenPGP key, not an SSH key');
  if (/^(?:ssh|ecdsa|sk)-\S+ \S/.test(text)) {
    throw new SigningKeyError('unusable', 'it is a public key; name the private one, the file without ".pub"');
  }
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(text)) {
    throw new SigningKeyError('unusable', `it holds no private key in OpenSSH format; ${makeOne}`);
  }
}

function parse(text: string, passphrase: string | null): sshpk.PrivateKey {
  try {
    return sshpk.parsePrivateKey(text, 'ssh-private', passphrase === null ? {} : { passphrase });
  } catch (cause) {
    if (cause instanceof sshpk.KeyEncryptedError) throw new SigningKeyError('encrypted', 'it is encrypted', { cause });
    const why = cause instanceof Error ? cause.message : '';
    if (/incorrect passphrase|bad decrypt/i.test(why)) {
      throw new SigningKeyError('passphrase', 'the passphrase does not open it', { cause });
    }
    const container = Buffer.from(text.replace(/-----.*-----|\s/g, ''), 'base64').toString('latin1');
    const cipher = /^openssh-key-v1\0\0\0\0.([\w@.-]+-(?:gcm|poly1305)@openssh\.com)/s.exec(container)?.[1];
    if (cipher) {
      const mend = 'encrypt it anew with "ssh-keygen -p -Z aes256-ctr -f <file>"';
      throw new SigningKeyError('unusable', `its cipher ${cipher} cannot be read here; ${mend}`, { cause });
    }
    throw new SigningKeyError('unusable', `it cannot be read as an SSH private key; ${makeOne}`, { cause });
  }
}
