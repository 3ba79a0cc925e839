/** Both ways to unpack streams, against what zlib made of all kinds of bytes. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inflateWithOneHandle, inflateWithPublicCalls, makeInflate } from '../../src/git/inflate.ts';

const bytes = fc
  .oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 3000 })).map(([some, times]) => {
      return Buffer.concat(Array.from({ length: times }, () => some));
    }),
  )
  .map((content) => Buffer.from(content));
const level = fc.integer({ min: 0, max: 9 });
const tail = fc.uint8Array({ maxLength: 40 });

it('finds in this Node what the fast way needs', () => {
  expect(inflateWithOneHandle()).not.toBeNull();
});

describe.each([
  ['with one handle', inflateWithOneHandle() ?? makeInflate()],
  ['with public calls', inflateWithPublicCalls],
])('unpacking %s', (_name, inflate) => {
  it('gives back each stream and where it ended, and leaves earlier ones as they were', () => {
    const earlier: { readonly body: Buffer; readonly content: Buffer }[] = [];
    fc.assert(
      fc.property(bytes, level, tail, tail, (content, compression, before, after) => {
        const stream = deflateSync(content, { level: compression });
        const found = inflate(Buffer.concat([before, stream, after]), before.length, content.length);
        expect(found?.consumed).toBe(stream.length);
        if (found) earlier.push({ body: found.body, content });
      }),
      { numRuns: 200 },
    );
    for (const { body, content } of earlier) expect(body.equals(content)).toBe(true);
  });

  it('says that a cut stream goes on, and unpacks the next one', () => {
    fc.assert(
      fc.property(bytes, level, fc.double({ min: 0, max: 0.999, noNaN: true }), (content, compression, part) => {
        const stream = deflateSync(content, { level: compression });
        const cut = Math.floor(part * stream.length);
        expect(inflate(stream.subarray(0, cut), 0, content.length)).toBeNull();
        expect(inflate(stream, 0, content.length)?.body.equals(content)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a damaged stream and one of another length, and unpacks the next one', () => {
    const content = Buffer.from('what every deployment says, '.repeat(20));
    const stream = deflateSync(content);
    const damaged = Buffer.from(stream);
    damaged.writeUInt8((damaged[stream.length - 1] ?? 0) ^ 1, stream.length - 1);
    expect(() => inflate(damaged, 0, content.length)).toThrow();
    expect(() => inflate(Buffer.from('this is no zlib stream'), 0, 10)).toThrow();
    for (const size of [0, 1, content.length - 1, content.length + 1, 100_000]) {
      expect(() => inflate(stream, 0, size)).toThrow();
    }
    expect(inflate(stream, 0, content.length)?.body.equals(content)).toBe(true);
  });
});
