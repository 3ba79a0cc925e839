/** Trees as bytes: git's order, look-ups, and edits that are deltas at the same time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta, encodeDelta } from '../../src/git/delta.ts';
import { type Entry, entryAt, findEntry, parseTree, serializeTree, startsOf } from '../../src/git/tree.ts';
import { diffTrees } from '../../src/git/tree-diff.ts';
import { editTree } from '../../src/git/tree-edit.ts';

// Few letters, among them what sorts around "/", so that names collide and prefix each other often.
const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '0', 'é', '~'), minLength: 1, maxLength: 4 });
const mode = fc.constantFrom('40000', '100644', '100755', '120000');
const id = fc.integer({ min: 0, max: 2 ** 31 }).map((number) => number.toString(16).padStart(40, '0'));
const entry = fc.record({ mode, name, id });
const small = fc.uniqueArray(entry, { selector: (one) => one.name, maxLength: 12 });
const big = fc.uniqueArray(entry, { selector: (one) => one.name, minLength: 90, maxLength: 200 });
const edits = fc.uniqueArray(fc.record({ name, edit: fc.option(fc.record({ mode, id })) }), {
  selector: (one) => one.name,
  maxLength: 8,
});

describe('trees', () => {
  it('read back what was written', () => {
    fc.assert(
      fc.property(small, (entries) => {
        const byName = (a: Entry, b: Entry) => (a.name < b.name ? -1 : 1);
        expect(parseTree(serializeTree(entries)).sort(byName)).toEqual([...entries].sort(byName));
      }),
    );
  });

  it('sort a folder as if its name ended in a slash', () => {
    const of = (mode: string, ...names: string[]) => names.map((name) => ({ mode, name, id: '1'.repeat(40) }));

    const names = parseTree(serializeTree([...of('40000', 'a'), ...of('100644', 'a.b', 'a0', 'a-b')])).map(
      (e) => e.name,
    );

    expect(names).toEqual(['a-b', 'a.b', 'a', 'a0']);
  });

  it('find each entry, and nothing else, in long ones as in short ones', () => {
    fc.assert(
      fc.property(fc.oneof(small, big), name, (entries, other) => {
        const raw = serializeTree(entries);
        for (const wanted of [...entries.map((one) => one.name), other]) {
          const position = findEntry(raw, wanted);
          const found = position && entryAt(raw, position);
          expect(found).toEqual(entries.find((one) => one.name === wanted) ?? null);
        }
      }),
    );
  });

  it('become by edits what they would be if written anew, and the edit is a delta', () => {
    fc.assert(
      fc.property(fc.oneof(small, big), edits, (entries, changes) => {
        const base = serializeTree(entries);
        const model = new Map(entries.map((one) => [one.name, one]));
        for (const { name, edit } of changes) {
          if (edit) model.set(name, { name, ...edit });
          else model.delete(name);
        }
        const expected = serializeTree([...model.values()]);

        const edited = editTree(base, new Map(changes.map(({ name, edit }) => [name, edit])));

        expect(edited.raw).toEqual(expected);
        expect([...startsOf(edited.raw)]).toEqual([...startsOf(expected)]);
        expect(applyDelta(base, encodeDelta(base.length, edited.raw.length, edited.parts))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('diffTrees', () => {
  it('names each entry that differs, and no other', () => {
    fc.assert(
      fc.property(small, edits, (entries, changes) => {
        const before = serializeTree(entries);
        const after = editTree(before, new Map(changes.map(({ name, edit }) => [name, edit]))).raw;
        const byName = (raw: Buffer) => new Map(parseTree(raw).map((one) => [one.name, one]));
        const [old, young] = [byName(before), byName(after)];
        const expected = [...new Set([...old.keys(), ...young.keys()])]
          .map((name) => ({ name, before: old.get(name) ?? null, after: young.get(name) ?? null }))
          .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after));

        const found = diffTrees(before, after);

        const sorted = (list: readonly { name: string }[]) => [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
        expect(sorted(found)).toEqual(sorted(expected));
      }),
    );
  });
});

describe('deltas', () => {
  it('refuse what reaches outside their base or is cut short', () => {
    const base = Buffer.from('hello world');
    const delta = encodeDelta(base.length, 5, [{ kind: 'copy', start: 6, end: 11 }]);

    expect(applyDelta(base, delta).toString()).toBe('world');
    expect(() => applyDelta(base.subarray(1), delta)).toThrow('another base');
    expect(() => applyDelta(base, delta.subarray(0, -2))).toThrow(RangeError);
    expect(() => applyDelta(base, Buffer.of(11, 5, 0))).toThrow('unknown instruction');
    expect(() => applyDelta(base, Buffer.of(11, 5, 0x91, 9, 5))).toThrow('outside');
  });

  it('copy pieces of any length', () => {
    fc.assert(
      fc.property(fc.nat(70_000), fc.nat(70_000), fc.uint8Array({ maxLength: 300 }), (start, length, inserted) => {
        const base = Buffer.alloc(140_000, 'abcdefg');
        const insert = Buffer.from(inserted);
        const target = Buffer.concat([base.subarray(start, start + length), insert]);

        const delta = encodeDelta(base.length, target.length, [
          { kind: 'copy', start, end: start + length },
          { kind: 'insert', bytes: insert },
        ]);

        expect(applyDelta(base, delta).equals(target)).toBe(true);
      }),
    );
  });
});
