import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { UnwritableValue, yamlBlock, yamlFlow, yamlKey, yamlScalar } from '../../src/core/template/yaml-text.ts';

/** Kubernetes reads YAML 1.1, most other programs 1.2; js-yaml is a reader that shares no code with `yaml`. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  'YAML 1.1': (text) => parse(text, { version: '1.1', logLevel: 'error' }),
  'YAML 1.2': (text) => parse(text, { version: '1.2', logLevel: 'error' }),
  'js-yaml': (text) => load(text),
};

const traps = [
  ...['yes', 'no', 'on', 'off', 'y', 'n', 'Y', 'N', 'True', 'NO', 'null', 'Null', '~', '', ' ', '<<', '=', '?', '-'],
  ...['1', '1_000', '012', '0o17', '0x1f', '1e3', '1E3', '.5', '5.', '+1', '-0', '.inf', '-.INF', '.nan', '12:30:45'],
  ...[
    '190:20:30',
    '2026-11-23',
    '2026-11-23T08:00:00Z',
    '0b101',
    '1,000',
    '12e03',
    '12345678901234567890',
    '1m',
    '5Gi',
  ],
  ...['a: b', 'a:', ':a', '# c', 'a # c', 'a #c', '- x', '-x', '? x', '! x', '!!str x', '&a', '*a', '%a', '@a', '`a'],
  ...['{{x}}', '{x}', '[x]', 'x]', ',', 'x,y', '|', '>', '"', "'", '""', '\\', '\\n', 'a\\"b', '---', '...', '--- a'],
  ...[' lead', 'trail ', 'a\nb', 'a\n', '\na', '\r\n', '\t', 'a\tb', '\u0000', '\u0085', '\u2028', '\ufeff', '\u007f'],
  ...[
    'é',
    '日本',
    '🚀',
    '👩‍👩‍👧',
    '\u200f',
    '\ufffe',
    '\uffff',
    '$(HOME)',
    '$$',
    '$\u007bX}',
    '12345678-1234-1234-1234-123456789012',
  ],
  ...['1e345678-1234-1234-1234-123456789012', 'http://x:80/y?z=1#a', 'a'.repeat(65_536), 'a: b\n'.repeat(10_000)],
];

describe.each(Object.entries(readers))('read by %s', (_, read) => {
  it.each(traps.map((text) => [text.slice(0, 40), text]))('the text %j stays that text', (_short, text) => {
    expect(read(`key: ${yamlScalar(text)}\n`)).toEqual({ key: text });
    expect(read(`- ${yamlScalar(text)}\n`)).toEqual([text]);
  });

  it('any text stays that text, as a value, as an item and inside brackets', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(read(`a:\n  key: ${yamlScalar(text)}\n  next: 1\n`)).toEqual({ a: { key: text, next: 1 } });
        expect(read(`a: ${yamlFlow([text, { k: text }])}\n`)).toEqual({ a: [text, { k: text }] });
      }),
      { numRuns: 300 },
    );
  });

  it('any short text can be a key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        fc.pre(text !== '__proto__' && text !== '<<');
        expect(Object.keys(read(`${yamlKey(text)}: 1\n`) as object)).toEqual([text]);
      }),
      { numRuns: 200 },
    );
  });

  it('any plain data comes back, in block style at any indentation and in flow style', () => {
    fc.assert(
      fc.property(structures, fc.integer({ min: 0, max: 12 }), (data, indent) => {
        const pad = ' '.repeat(indent);
        expect(read(`top:\n${pad} ${yamlBlock(data, indent + 1)}\n`)).toEqual({ top: data });
        expect(read(`top: ${yamlFlow(data)}\n`)).toEqual({ top: data });
      }),
      { numRuns: 200 },
    );
  });
});

const key = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text !== '__proto__' && text !== '<<');
const { data: structures } = fc.letrec((tie) => ({
  data: fc.oneof(
    { maxDepth: 4 },
    fc.array(tie('leaf'), { maxLength: 3 }),
    fc.dictionary(key, tie('leaf'), { noNullPrototype: true, maxKeys: 4 }),
  ),
  leaf: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(...traps.filter((text) => text.length < 50)),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    tie('data'),
  ),
}));

it('writes the same text whatever the order of the keys, and the name first', () => {
  expect(yamlBlock({ b: 1, name: 'x', a: { d: [], c: {} } }, 0)).toBe('name: x\na:\n  c: {}\n  d: []\nb: 1');
  expect(yamlBlock({ a: { c: {}, d: [] }, name: 'x', b: 1 }, 0)).toBe('name: x\na:\n  c: {}\n  d: []\nb: 1');
});

describe('refuses what YAML cannot hold', () => {
  it.each<[string, () => string]>([
    ['half a surrogate pair', () => yamlScalar('a\ud83d')],
    ['the other half', () => yamlFlow(['\ude00'])],
    ['infinity', () => yamlScalar(Number.POSITIVE_INFINITY)],
    ['no number', () => yamlScalar(Number.NaN)],
    ['a number without plain notation', () => yamlScalar(1e300)],
    ['null as a scalar', () => yamlScalar(null)],
    ['nothing', () => yamlScalar(undefined)],
    ['nothing inside a structure', () => yamlBlock({ a: undefined }, 0)],
    ['a structure as a scalar', () => yamlScalar({})],
    ['a function', () => yamlBlock({ a: () => 1 }, 0)],
    ['a date', () => yamlBlock({ a: new Date(0) }, 0)],
    ['a map', () => yamlFlow(new Map())],
    ['a key of 1,000 characters', () => yamlBlock({ ['k'.repeat(1000)]: 1 }, 0)],
    ['bottomless nesting', () => yamlBlock(nested(10_000), 0)],
    ['bottomless nesting in flow style', () => yamlFlow(nested(10_000))],
  ])('%s', (_, write) => {
    expect(write).toThrow(UnwritableValue);
  });
});

function nested(depth: number): unknown {
  let value: unknown = 'x';
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
}
