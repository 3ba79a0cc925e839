/** Every valid SSH key signs, whatever its numbers look like: leading zeros, high bits, the smallest and the largest. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readSshSigningKey } from '../../src/git/sign-key-ssh.ts';
import { type ChosenKey, ecdsaKey, ed25519Key, rsaKeyWithShortInverse } from '../support/chosen-ssh-keys.ts';
import { writeKey } from '../support/signing-keys.ts';

const run = promisify(execFile);
const payload = Buffer.from('payload');
const seed = (start: string, fill: string): Buffer => Buffer.from(start.padEnd(64, fill), 'hex');

/** The orders of the curves (SEC 2). OpenSSH takes private keys below the order less one, of more than half its bits. */
const orders = {
  nistp256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  nistp384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  nistp521:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
} as const;

const keys: readonly (readonly [string, () => ChosenKey])[] = [
  ['ed25519, all bytes zero', () => ed25519Key(seed('', '0'))],
  ['ed25519, a zero and a low byte first', () => ed25519Key(seed('007f', 'a5'))],
  ['ed25519, a zero and a high byte first', () => ed25519Key(seed('0080', 'a5'))],
  ['ed25519, two zeros first', () => ed25519Key(seed('000001', 'a5'))],
  ['ed25519, zeros and one last byte', () => ed25519Key(Buffer.from('01'.padStart(64, '0'), 'hex'))],
  ['ed25519, zeros at the end', () => ed25519Key(seed('a5', '0'))],
  ['ed25519, all bits set', () => ed25519Key(seed('', 'f'))],
  ['ed25519, the first bit set', () => ed25519Key(seed('80', '0'))],
  ...(Object.keys(orders) as (keyof typeof orders)[]).flatMap((curve) => [
    [`${curve}, a few leading zeros`, () => ecdsaKey(curve, orders[curve] >> 17n)] as const,
    [`${curve}, many leading zeros`, () => ecdsaKey(curve, orders[curve] >> 100n)] as const,
    [`${curve}, one bit set`, () => ecdsaKey(curve, 1n << BigInt(orders[curve].toString(2).length - 9))] as const,
    [`${curve}, the largest`, () => ecdsaKey(curve, orders[curve] - 2n)] as const,
  ]),
  ['RSA, an inverse of one byte', () => rsaKeyWithShortInverse()],
  ['RSA, its primes the other way round', () => rsaKeyWithShortInverse({ swapped: true })],
];

describe.each(keys)('%s', (_name, makeKey) => {
  const { text, publicKey, object } = makeKey();

  it('is read as ssh-keygen reads it, and its signature is one to ssh-keygen', async () => {
    const file = await writeKey(text);
    const key = await readSshSigningKey(await readFile(file, 'utf8'), null);

    const { stdout } = await run('ssh-keygen', ['-y', '-f', file]);
    const signature = await key.sign(payload);

    expect(key.identity.publicKey).toBe(publicKey);
    expect(stdout.trim()).toBe(publicKey);
    await expect(key.verify(payload, signature)).resolves.toBe(true);
    await expect(isSignature(signature, publicKey)).resolves.toMatch(/^Good "git" signature/);
  });

  it.each(
    object.asymmetricKeyType === 'rsa'
      ? ['pkcs8', 'pkcs1']
      : object.asymmetricKeyType === 'ec'
        ? ['pkcs8', 'sec1']
        : ['pkcs8'],
  )('is read as a PEM of %s, too', async (type) => {
    const pem = object.export({ type: type as 'pkcs8', format: 'pem' });

    const key = await readSshSigningKey(String(pem), null);

    expect(key.identity.publicKey).toBe(publicKey);
    await expect(isSignature(await key.sign(payload), publicKey)).resolves.toMatch(/^Good "git" signature/);
  });
});

async function isSignature(signature: string, publicKey: string): Promise<string> {
  const signers = await writeKey(`towpath@example.com ${publicKey}\n`);
  const verifying = run('ssh-keygen', [
    '-Y',
    'verify',
    '-f',
    signers,
    '-I',
    'towpath@example.com',
    '-n',
    'git',
    '-s',
    await writeKey(signature),
  ]);
  verifying.child.stdin?.end(payload);
  return (await verifying).stdout;
}
