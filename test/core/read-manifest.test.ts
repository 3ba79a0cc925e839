/** What one rendered file may say: the plain part of YAML, in which every reader sees the same. */
import fc from 'fast-check';
import { CORE_SCHEMA, load, YAML11_SCHEMA } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isAmbiguous, readManifest } from '../../src/core/read-manifest.ts';

/** YAML 1.2 by two libraries, and 1.1; the second library's 1.1 takes `e2` for a number, which no other reader does. */
const readers: readonly ((text: string) => unknown)[] = [
  (text) => load(text, { schema: CORE_SCHEMA }),
  (text) => load(text, { schema: YAML11_SCHEMA }),
  (text) => parse(text, { version: '1.2' }),
];

function seen(text: string): readonly unknown[] {
  return readers.map((read) => {
    try {
      return read(`v: ${text}\n`);
    } catch {
      return 'unreadable';
    }
  });
}

const words = [
  'yes',
  'no',
  'on',
  'off',
  'y',
  'n',
  'true',
  'false',
  'null',
  '~',
  '=',
  '<<',
  '.inf',
  '-.INF',
  '.nan',
  'e',
  'T',
  'Z',
  '0x',
  '0o',
  '0b',
];
const pieces = fc.constantFrom(
  ...words,
  ...'0123456789',
  '-',
  '+',
  '.',
  ':',
  '_',
  'a',
  'f',
  'E',
  '2026-01-31',
  '12:30',
  'Gi',
);
const plain = fc
  .array(pieces, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''))
  .filter((text) => !/^[-:](?:$| )|:$|^[-?:]$/.test(text));

describe('a bare word', () => {
  it('is called ambiguous wherever two readers differ', () => {
    fc.assert(
      fc.property(plain, (text) => {
        const [first, ...others] = seen(text);
        const differ = others.some((other) => JSON.stringify(other) !== JSON.stringify(first));
        if (differ) expect(isAmbiguous(text), text).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('is let through only as text, or as JSON writes it', () => {
    fc.assert(
      fc.property(plain, (text) => {
        if (isAmbiguous(text)) return;
        const value = load(`v: ${text}\n`) as { readonly v: unknown };
        if (typeof value.v !== 'string')
          expect(JSON.stringify(value.v)).toBe(
            text
              .replace(/(\.[0-9]*?)0+$/, '$1')
              .replace(/\.$/, '')
              .replace(/^-0$/, '0'),
          );
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
    '12345678-1234-4123-8123-123456789012',
    '1.0.0',
    '10Gi',
    '500m',
    'v1',
    'nope',
    'yesterday',
    '/ok',
    '8000',
    '0.5',
    '-1',
    'true',
    'null',
  ])('may be %s', (text) => {
    expect(isAmbiguous(text)).toBe(false);
  });
});

describe('a quoted scalar', () => {
  it('comes back as the string that it was, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (raw) => {
        const value = raw.toWellFormed();
        const read = readManifest(
          `v: ${JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, escaped)}\n`,
        );
        expect(read).toMatchObject({ kind: 'read', object: { v: value }, problems: [] });
      }),
    );
  });
});

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

describe('a line', () => {
  it('is found by the JSON pointer of what stands there', () => {
    const text = 'a:\n  "b/c":\n    - x\n    - {y: 1,\n       z: 2}\n"d~\\u0065": 1\n';
    const read = readManifest(text);
    const lines = ['', '/a', '/a/b~1c', '/a/b~1c/0', '/a/b~1c/1', '/a/b~1c/1/z', '/a/b~1c/7', '/d~0e', '/none'].map(
      (pointer) => (read.kind === 'read' ? read.lineOf(pointer) : 0),
    );

    expect(lines).toEqual([1, 1, 2, 3, 4, 5, 2, 6, 1]);
  });
});

it('builds nothing of aliases that stand for billions of values', () => {
  const level = (one: number): string => `a${one + 1}: &a${one + 1} [${Array(9).fill(`*a${one}`).join(', ')}]\n`;
  const bomb = `a0: &a0 [x]\n${Array.from({ length: 9 }, (_, one) => level(one)).join('')}`;

  expect(readManifest(bomb).kind).toBe('unreadable');
});
