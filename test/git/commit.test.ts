/** Commits: what people write into names and messages stays in its place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommit, serializeCommit } from '../../src/git/commit.ts';

const tree = 'a'.repeat(40);
const person = { name: 'Grace', email: 'grace@example.com', at: new Date('2026-03-01T12:00:00Z') };

describe('serializeCommit', () => {
  it('writes what git writes', async () => {
    const raw = await serializeCommit({
      tree,
      parents: ['b'.repeat(40)],
      author: person,
      committer: person,
      message: 'x',
    });

    expect(raw.toString()).toBe(
      `tree ${tree}\nparent ${'b'.repeat(40)}\nauthor Grace <grace@example.com> 1772366400 +0000\n` +
        'committer Grace <grace@example.com> 1772366400 +0000\n\nx\n',
    );
  });

  it('keeps whatever text within one line of its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), async (name, email) => {
        const author = { name, email, at: person.at };

        const raw = await serializeCommit({ tree, parents: [], author, committer: person, message: 'subject\n' });

        const lines = raw.toString('utf8').split('\n');
        expect(lines).toHaveLength(6);
        expect(lines[1]).toMatch(/^author [^<>]+ <[^<>]*> 1772366400 \+0000$/);
        expect(parseCommit(raw)).toMatchObject({ tree, parents: [], subject: 'subject', committer: person });
      }),
    );
  });

  it.each([
    ['before 1970', new Date(-5000), '0'],
    ['no time at all', new Date(Number.NaN), '0'],
    ['fractions of a second', new Date(1999), '1'],
  ])('takes %s as a time that git accepts', async (_name, at, seconds) => {
    const raw = await serializeCommit({
      tree,
      parents: [],
      author: { ...person, at },
      committer: person,
      message: 'x',
    });

    expect(raw.toString()).toContain(`author Grace <grace@example.com> ${seconds} +0000\n`);
  });

  it.each(['99999999999999', '-99999999999999', '18446744073709551615'])('reads the time %s', (seconds) => {
    const person = `Ada <ada@example.com> ${seconds} +0000`;
    const raw = `tree ${tree}\nauthor ${person}\ncommitter ${person}\n\nsubject\n`;

    expect(parseCommit(Buffer.from(raw)).committer.at.toISOString()).toMatch(/Z$/);
  });

  it('puts a signature over everything else into its header', async () => {
    let signed = '';
    const sign = async (payload: Buffer) => {
      signed = payload.toString();
      return '-----BEGIN SSH SIGNATURE-----\nAAAA\nBBBB\n-----END SSH SIGNATURE-----\n';
    };
    const content = { tree, parents: [], author: person, committer: person, message: 'subject\n\nbody\n' };

    const raw = await serializeCommit(content, sign);

    const header = '\ngpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n BBBB\n -----END SSH SIGNATURE-----';
    expect(raw.toString()).toContain(`${header}\n\nsubject\n`);
    expect(signed).toBe(raw.toString().replace(header, ''));
    expect(parseCommit(raw)).toMatchObject({ tree, subject: 'subject' });
  });
});
