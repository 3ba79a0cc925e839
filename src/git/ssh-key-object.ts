/** Turns the numbers of an SSH key into key objects of node:crypto, by JWK: sshpk's own PKCS#8 writer trims leading zeros. */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type sshpk from 'sshpk';

export interface KeyObjects {
  /** Made of the public part as it is written in the file: a file whose halves do not fit must not pass its own check. */
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Throws where the numbers are not those of a key. */
export function keyObjectsOf(key: sshpk.PrivateKey): KeyObjects {
  const { publicPart, privatePart } = jwkOf(key);
  return {
    publicKey: createPublicKey({ key: publicPart, format: 'jwk' }),
    privateKey: createPrivateKey({ key: { ...publicPart, ...privatePart }, format: 'jwk' }),
  };
}

interface KeyParts {
  readonly publicPart: JsonWebKey;
  readonly privatePart: JsonWebKey;
}

/** RFC 7518 and RFC 8037: numbers of RSA without leading zeros, all others in the width of their curve. */
function jwkOf(key: sshpk.PrivateKey): KeyParts {
  const part = (name: string): Buffer => partOf(key, name);
  switch (key.type as string) {
    case 'ed25519':
      return {
        publicPart: { kty: 'OKP', crv: 'Ed25519', x: fixedWidth(part('A'), 32) },
        privatePart: { d: fixedWidth(part('k'), 32) },
      };
    case 'ecdsa':
      return ecdsaJwk(part('curve').toString('latin1'), part('Q'), part('d'));
    case 'rsa':
      return rsaJwk(part);
    default:
      throw new RangeError(`Cannot read a key of type ${key.type}`);
  }
}

function partOf(key: sshpk.PrivateKey, name: string): Buffer {
  const found = key.parts.find((one) => one.name === name);
  if (!found) throw new RangeError(`Cannot read a key of type ${key.type}: it has no ${name}`);
  return found.data;
}

/** By the curve's name in SSH (RFC 5656): its name in JWK, and the bytes of a coordinate. */
const curves: Readonly<Record<string, { readonly crv: string; readonly bytes: number }>> = {
  nistp256: { crv: 'P-256', bytes: 32 },
  nistp384: { crv: 'P-384', bytes: 48 },
  nistp521: { crv: 'P-521', bytes: 66 },
};

function ecdsaJwk(curveName: string, point: Buffer, scalar: Buffer): KeyParts {
  const curve = curves[curveName];
  if (!curve) throw new RangeError(`Cannot read a key on the curve ${curveName}`);
  const { crv, bytes } = curve;
  if (point[0] !== 4 || point.length !== 1 + 2 * bytes) throw new RangeError('Cannot read a compressed point');
  const x = point.subarray(1, 1 + bytes).toString('base64url');
  const y = point.subarray(1 + bytes).toString('base64url');
  return { publicPart: { kty: 'EC', crv, x, y }, privatePart: { d: fixedWidth(scalar, bytes) } };
}

/** SSH files hold no exponents for the two primes (RFC 8017, section 3.2), so they are worked out. */
function rsaJwk(part: (name: string) => Buffer): KeyParts {
  const [n, e, d, p, q, qi] = ['n', 'e', 'd', 'p', 'q', 'iqmp'].map(part) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const exponent = (prime: Buffer): string => ofNumber(toNumber(d) % (toNumber(prime) - 1n));
  const text = (number: Buffer): string => ofNumber(toNumber(number));
  return {
    publicPart: { kty: 'RSA', n: text(n), e: text(e) },
    privatePart: { d: text(d), p: text(p), q: text(q), qi: text(qi), dp: exponent(p), dq: exponent(q) },
  };
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`);
}

function ofNumber(number: bigint): string {
  const digits = number.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').toString('base64url');
}

function fixedWidth(number: Buffer, bytes: number): string {
  const first = number.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.alloc(0) : number.subarray(first);
  if (digits.length > bytes) throw new RangeError(`Cannot read a number of more than ${bytes} bytes`);
  return Buffer.concat([Buffer.alloc(bytes - digits.length), digits]).toString('base64url');
}
