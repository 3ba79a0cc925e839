/** Signatures of commits by SSH keys: SSHSIG (OpenSSH's PROTOCOL.sshsig) with namespace "git", as git makes and reads them. */
import { createHash, type KeyObject, sign, verify } from 'node:crypto';

interface SshKeyPair {
  /** As on the wire: the type's name, then its parts. */
  readonly publicBlob: Buffer;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const magic = Buffer.from('SSHSIG');
const namespace = 'git';
const hash = 'sha512';
const title = 'SSH SIGNATURE';

interface Algorithm {
  /** As the signature names it. */
  readonly name: string;
  readonly digest: string | null;
}

/** By type of key. RSA never signs with SHA-1 here. */
const algorithms: Readonly<Record<string, Algorithm>> = {
  'ssh-ed25519': { name: 'ssh-ed25519', digest: null },
  'ecdsa-sha2-nistp256': { name: 'ecdsa-sha2-nistp256', digest: 'sha256' },
  'ecdsa-sha2-nistp384': { name: 'ecdsa-sha2-nistp384', digest: 'sha384' },
  'ecdsa-sha2-nistp521': { name: 'ecdsa-sha2-nistp521', digest: 'sha512' },
  'ssh-rsa': { name: 'rsa-sha2-512', digest: 'sha512' },
};

export const signingKeyTypes = Object.keys(algorithms);

export async function sshSignature({ publicBlob, privateKey }: SshKeyPair, payload: Buffer): Promise<string> {
  const { name, digest } = algorithmOf(publicBlob);
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    sign(digest, signedBytes(payload), key, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
  const version = Buffer.from([0, 0, 0, 1]);
  const signature = Buffer.concat([field(name), field(wireSignature(name, raw))]);
  const fields = [publicBlob, namespace, '', hash, signature].map(field);
  const text = Buffer.concat([magic, version, ...fields]).toString('base64');
  return [`-----BEGIN ${title}-----`, ...(text.match(/.{1,70}/g) ?? []), `-----END ${title}-----`, ''].join('\n');
}

/** True only for a signature of this very key, over these bytes, for git. */
export async function verifySshSignature(
  { publicBlob, publicKey }: Omit<SshKeyPair, 'privateKey'>,
  payload: Buffer,
  armoured: string,
): Promise<boolean> {
  const blob = Buffer.from(armoured.replace(/-----.*-----|\s/g, ''), 'base64');
  if (!blob.subarray(0, magic.length).equals(magic)) return false;
  const [key, space, , hashName, signature] = fieldsOf(blob.subarray(magic.length + 4));
  const { name, digest } = algorithmOf(publicBlob);
  const [algorithm, wire] = fieldsOf(signature ?? Buffer.alloc(0));
  const isOurs = key?.equals(publicBlob) && String(space) === namespace && String(hashName) === hash;
  const raw = wire && rawSignature(name, wire);
  if (!isOurs || String(algorithm) !== name || !raw) return false;
  return new Promise((resolve, reject) => {
    const options = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    verify(digest, signedBytes(payload), options, raw, (error, good) => (error ? reject(error) : resolve(good)));
  });
}

/** `ssh-ed25519` and the like: the first field of a public key. */
export function keyTypeOf(publicBlob: Buffer): string {
  return String(fieldsOf(publicBlob)[0]);
}

function algorithmOf(publicBlob: Buffer): Algorithm {
  const type = keyTypeOf(publicBlob);
  const algorithm = algorithms[type];
  if (!algorithm) throw new RangeError(`Cannot sign with a key of type ${type}`);
  return algorithm;
}

function signedBytes(payload: Buffer): Buffer {
  const digest = createHash(hash).update(payload).digest();
  return Buffer.concat([magic, ...[namespace, '', hash, digest].map(field)]);
}

function field(value: string | Buffer): Buffer {
  const body = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** As many as are whole. */
function fieldsOf(bytes: Buffer): readonly Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** ECDSA's two numbers of fixed width become two of SSH's, which have no leading zeros and are never negative. */
function wireSignature(name: string, raw: Buffer): Buffer {
  if (!name.startsWith('ecdsa-')) return raw;
  const half = raw.length / 2;
  return Buffer.concat([raw.subarray(0, half), raw.subarray(half)].map((part) => field(positive(part))));
}

function positive(number: Buffer): Buffer {
  let start = 0;
  while (start < number.length - 1 && number[start] === 0) start++;
  const digits = number.subarray(start);
  return (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.alloc(1), digits]);
}

const numberBytes: Readonly<Record<string, number>> = {
  'ecdsa-sha2-nistp256': 32,
  'ecdsa-sha2-nistp384': 48,
  'ecdsa-sha2-nistp521': 66,
};

function rawSignature(name: string, wire: Buffer): Buffer | null {
  const width = numberBytes[name];
  if (width === undefined) return wire;
  const numbers = fieldsOf(wire).map((number) => number.subarray(Math.max(0, number.length - width)));
  if (numbers.length !== 2) return null;
  return Buffer.concat(numbers.map((number) => Buffer.concat([Buffer.alloc(width - number.length), number])));
}
