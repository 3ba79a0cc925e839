/** ACCEPTED-HISTORY: read back as written, whatever people did to the file meanwhile. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Acceptance,
  acceptanceDraft,
  acceptCommand,
  lostIn,
  parseAcceptedHistory,
  writeAcceptedHistory,
} from '../../src/core/accepted-history.ts';
import { CommitId, type ListenerId, type NamespaceName } from '../../src/domain/identifiers.ts';

const id = (digit: string) => CommitId.parse(digit.repeat(40));
const acceptance: Acceptance = {
  lost: id('1'),
  head: id('2'),
  at: '2026-11-25T10:00:00.000Z',
  by: { name: 'Jane Doe', email: 'jane@example.com' },
};

describe('ACCEPTED-HISTORY', () => {
  it('comes back as it was written, one line more each time', () => {
    const first = writeAcceptedHistory(null, [acceptance]);
    const second = writeAcceptedHistory(first, [{ ...acceptance, lost: id('3') }]);

    expect(first).toMatch(/^# Towpath reads this file/);
    expect(second.startsWith(first)).toBe(true);
    expect(parseAcceptedHistory(second)).toEqual([acceptance, { ...acceptance, lost: id('3') }]);
  });

  it('keeps what people wrote, and passes over what is no acceptance', () => {
    const text = `an odd line\r\n${id('1')} ${id('2')}\n${id('9').slice(1)} ${id('2')} now Jane <j@example.com>\n`;

    const written = writeAcceptedHistory(text, [acceptance]);

    expect(written.startsWith(text)).toBe(true);
    expect(parseAcceptedHistory(written)).toEqual([acceptance]);
  });

  it('holds one line for each, whatever a person is called', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, email) => {
        const written = writeAcceptedHistory('', [{ ...acceptance, by: { name, email } }]);

        expect(parseAcceptedHistory(written)).toHaveLength(1);
        expect(parseAcceptedHistory(written)[0]).toMatchObject({ lost: acceptance.lost, head: acceptance.head });
      }),
    );
  });

  it('never throws, whatever lies there', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseAcceptedHistory(text).length === 0));
    expect(parseAcceptedHistory(`${`${id('1')} ${id('2')} now J <j>\n`.repeat(20_000)}`)).toEqual([]);
  });
});

it('is a commit by the person, that names what was lost', () => {
  const draft = acceptanceDraft({
    before: null,
    lost: [id('1'), id('3')],
    head: id('2'),
    namespace: 'team-a' as NamespaceName,
    listenerId: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa' as ListenerId,
    towpathVersion: '0.1.0',
    operator: { name: 'Jane\nChange: deploy', email: 'jane@example.com' },
    committer: { name: 'Towpath', email: 'towpath@example.com' },
    now: new Date('2026-11-25T10:00:00Z'),
  });

  expect(draft.message.split('\n')[0]).toBe('accept(history): 222222222222 without 111111111111 and 333333333333');
  expect(draft.message).not.toMatch(/^Change:/m);
  expect([draft.author.email, draft.committer.name]).toEqual(['jane@example.com', 'Towpath']);
  expect(draft.changes).toHaveLength(1);
});

it('is accepted by a command whose commit can be read out of a message', () => {
  const command = acceptCommand('team-a' as NamespaceName, id('1'));

  expect(lostIn(`Cannot go on; run: ${command}, or else`)).toBe(id('1'));
  expect(lostIn(`Cannot go on; run: ${command}0`)).toBeNull();
  expect(lostIn('acceptHistory: 1234')).toBeNull();
});
