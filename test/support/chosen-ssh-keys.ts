/** SSH keys with chosen numbers, written in OpenSSH's own file format (PROTOCOL.key), so that no test waits for a rare key. */
import {
  checkPrimeSync,
  createECDH,
  createPrivateKey,
  getDiffieHellman,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

export interface ChosenKey {
  /** The private key file. */
  readonly text: string;
  /** Type and base64, without a comment. */
  readonly publicKey: string;
  /** The same key, made without SSH's format. */
  readonly object: KeyObject;
}

/** `seed`: 32 bytes. */
export function ed25519Key(seed: Buffer): ChosenKey {
  // RFC 8410: everything before the seed is fixed.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const object = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const point = Buffer.from(object.export({ format: 'jwk' }).x ?? '', 'base64url');
  return chosenKey(object, 'ssh-ed25519', [point], [point, Buffer.concat([seed, point])]);
}

const curves = {
  nistp256: { openssl: 'prime256v1', crv: 'P-256', bytes: 32 },
  nistp384: { openssl: 'secp384r1', crv: 'P-384', bytes: 48 },
  nistp521: { openssl: 'secp521r1', crv: 'P-521', bytes: 66 },
} as const;

export function ecdsaKey(curve: keyof typeof curves, scalar: bigint): ChosenKey {
  const { openssl, crv, bytes } = curves[curve];
  const secret = Buffer.from(scalar.toString(16).padStart(2 * bytes, '0'), 'hex');
  const pair = createECDH(openssl);
  pair.setPrivateKey(secret);
  const point = pair.getPublicKey();
  const coordinates = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes), secret];
  const [x = '', y = '', d = ''] = coordinates.map((bytesOf) => bytesOf.toString('base64url'));
  const open = [Buffer.from(curve), point];
  return chosenKey(fromJwk({ kty: 'EC', crv, x, y, d }), `ecdsa-sha2-${curve}`, open, [...open, number(scalar)]);
}

/**
 * An RSA key of 2,048 bits or a few more whose last number, the inverse of one prime by the other, is 1: as short as
 * such a number can be. `swapped` gives the primes the other way round.
 */
export function rsaKeyWithShortInverse({ swapped = false } = {}): ChosenKey {
  const p = BigInt(`0x${getDiffieHellman('modp2').getPrime('hex')}`);
  let factor = 2n;
  while (!checkPrimeSync(factor * p + 1n)) factor += 2n;
  const q = factor * p + 1n;
  const e = 65537n;
  const d = inverse(e, (p - 1n) * (q - 1n));
  const [first, second] = swapped ? [q, p] : [p, q];
  const iqmp = inverse(second % first, first);
  const secret = [p * q, e, d, iqmp, first, second];
  const names = ['n', 'e', 'd', 'qi', 'p', 'q', 'dp', 'dq'];
  const numbers = [...secret, d % (first - 1n), d % (second - 1n)].map((value) =>
    digitsOf(value).toString('base64url'),
  );
  const jwk = Object.fromEntries(names.map((name, index) => [name, numbers[index] ?? '']));
  return chosenKey(fromJwk({ kty: 'RSA', ...jwk }), 'ssh-rsa', [e, p * q].map(number), secret.map(number));
}

function fromJwk(key: JsonWebKey): KeyObject {
  return createPrivateKey({ key, format: 'jwk' });
}

function chosenKey(object: KeyObject, type: string, open: readonly Buffer[], secret: readonly Buffer[]): ChosenKey {
  const blob = Buffer.concat([Buffer.from(type), ...open].map(field));
  const check = Buffer.from('0123456701234567', 'hex');
  const inside = Buffer.concat([check, ...[Buffer.from(type), ...secret, Buffer.alloc(0)].map(field)]);
  const padding = Buffer.from(Array.from({ length: (8 - (inside.length % 8)) % 8 }, (_, index) => index + 1));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...['none', 'none', ''].map((text) => field(Buffer.from(text))),
    Buffer.from([0, 0, 0, 1]),
    field(blob),
    field(Buffer.concat([inside, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  const text = ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
  return { text, publicKey: `${type} ${blob.toString('base64')}`, object };
}

function field(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** RFC 4251's mpint of a positive number: no needless zeros, one where the first bit is set. */
function number(value: bigint): Buffer {
  const bytes = digitsOf(value);
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.alloc(1), bytes]);
}

function digitsOf(value: bigint): Buffer {
  const digits = value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value, modulus, 1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b, x, y] = [b, a % b, y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}
