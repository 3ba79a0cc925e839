/** What a commit says of who asked: nobody becomes the author of a commit by writing his name into a key. */
import { expect, it } from 'vitest';
import { authorOf, requesterLine } from '../../src/core/requester-identity.ts';
import { Requester } from '../../src/domain/requester.ts';

const keyId = '33333333-3333-4333-8333-333333333333';
const maker = { id: '44444444-4444-4444-8444-444444444444', name: 'CI' };
const ada = { name: 'Ada Lovelace', email: 'ada@example.com' };

it.each(['admin', 'sign-in'] as const)('takes the name and the e-mail that %s proves', (proof) => {
  const requester = Requester.parse({ ...ada, proof, key: { id: keyId, maker } });

  expect(authorOf(requester)).toEqual(ada);
  expect(requesterLine(requester)).toBe('Ada Lovelace <ada@example.com>');
});

it('marks what a key says of itself, with its id and its maker, and lends nobody an e-mail', () => {
  const requester = Requester.parse({ ...ada, proof: 'self-declared', key: { id: keyId, maker } });

  expect(authorOf(requester)).toEqual({
    name: 'Ada Lovelace (self-declared)',
    email: `key-${keyId}@towpath.invalid`,
  });
  expect(requesterLine(requester)).toBe(
    `Ada Lovelace <ada@example.com> (self-declared by API key ${keyId}, which "CI" made with API key ${maker.id})`,
  );
});

it.each([
  ['an older control plane', ada],
  ['a word of a later version', { ...ada, proof: 'passkey', key: { id: keyId, maker } }],
  ['a shape of a later version', { ...ada, proof: 'unheard-of', key: 'text' }],
])('believes nothing that %s does not prove', (_, sent) => {
  const requester = Requester.parse(sent);

  expect(authorOf(requester).name).toBe('Ada Lovelace (not verified)');
  expect(authorOf(requester).email).not.toContain('ada');
  expect(requesterLine(requester)).toContain('(not verified');
});

it.each([
  ['a name that fills the line', { name: 'A'.repeat(500) }],
  ['a name that claims a mark of its own', { name: 'Ada (verified)\u202e' }],
  [
    'names and ids with lines of their own',
    { name: 'Ada\nApproved-by: X', maker: { id: 'x\n<y>', name: 'a"\n<b@c>' } },
  ],
])('keeps its mark with %s', (_, changes) => {
  const requester = Requester.parse({
    ...ada,
    proof: 'self-declared',
    key: { id: keyId, maker: 'maker' in changes ? changes.maker : maker },
    name: changes.name,
  });

  expect(authorOf(requester).name).toMatch(/^[^<>\n]{1,100} \(self-declared\)$/);
  expect(requesterLine(requester)).toMatch(/^[^\n]+<ada@example\.com> \(self-declared by API key [^\n<>]+\)$/);
});
