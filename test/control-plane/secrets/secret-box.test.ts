import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encryptionKeyFromBytes, encryptionKeyFromText, keyring } from '../../../src/control-plane/secrets/keyring.ts';
import { secretBox, secretSetPurpose } from '../../../src/control-plane/secrets/secret-box.ts';

const newKey = () => encryptionKeyFromText(randomBytes(32).toString('hex'), 'the test');

describe('the secret box', () => {
  it('gives back whatever was put in, in the same place only', () => {
    const box = secretBox(keyring(newKey()));

    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uuid(), fc.uuid(), (plain, one, other) => {
        const closed = box.seal(plain, secretSetPurpose(one, other));
        expect(box.open(closed, secretSetPurpose(one, other))).toBe(plain.toWellFormed());
        if (one !== other) expect(() => box.open(closed, secretSetPurpose(other, one))).toThrow(/not closed by key/);
      }),
    );
  });

  it('never closes the same text in the same way', () => {
    const box = secretBox(keyring(newKey()));

    expect(box.seal('same', 'place').sealed).not.toBe(box.seal('same', 'place').sealed);
  });

  it('notices every changed bit', () => {
    const box = secretBox(keyring(newKey()));
    const closed = box.seal('value', 'place');
    const bytes = Buffer.from(closed.sealed.slice(3), 'base64');

    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => box.open({ ...closed, sealed: `v1.${changed.toString('base64')}` }, 'place')).toThrow();
    }
    expect(() => box.open({ ...closed, sealed: 'v1.' }, 'place')).toThrow(/no known form/);
  });

  it('opens with an old key, closes with the current one, and names the key that is missing', () => {
    const [old, current] = [newKey(), newKey()];
    const closed = secretBox(keyring(old)).seal('value', 'place');
    const both = secretBox(keyring(current, [old]));

    expect(both.open(closed, 'place')).toBe('value');
    expect(both.seal('value', 'place').keyId).toBe(current.id);
    expect(() => secretBox(keyring(current)).open(closed, 'place')).toThrow(old.id);
  });
});

describe('an encryption key', () => {
  it.each([
    ['32 bytes', (key: Buffer) => key],
    ['hex digits', (key: Buffer) => `${key.toString('hex')}\n`],
    ['base64', (key: Buffer) => `${key.toString('base64')}\n`],
  ])('is read from a file as %s', (_, written) => {
    const bytes = randomBytes(32);

    const key = encryptionKeyFromBytes(Buffer.from(written(bytes)), 'the test');

    expect(key.key.export()).toEqual(bytes);
    expect(bytes.toString('hex')).not.toContain(key.id);
  });

  it('is refused with a sentence that does not repeat it', () => {
    expect(() => encryptionKeyFromText('hunter2', 'TOWPATH_ENCRYPTION_KEY')).toThrow(
      'Cannot read the encryption key from TOWPATH_ENCRYPTION_KEY: expected 64 hex digits (32 bytes); make one with: openssl rand -hex 32',
    );
  });
});
