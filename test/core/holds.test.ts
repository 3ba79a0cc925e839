/** What is said of each kind of hold, and what lets it go on. */
import { expect, it } from 'vitest';
import { type Hold, reasonOf, releaseOf } from '../../src/core/holds.ts';
import { CommitId, type DeploymentId, type DeploymentName, type NamespaceName } from '../../src/domain/identifiers.ts';

const namespace = 'team-a' as NamespaceName;
const about = { deployment: 'chat' as DeploymentName, deploymentId: '1' as DeploymentId, path: 'deployments/chat-1' };
const id = (digit: string) => CommitId.parse(digit.repeat(40));
const changes = [
  {
    id: id('a'),
    author: { name: 'Jane\u001b[2J', email: 'jane@example.com' },
    at: '2026-11-25T10:00:00Z',
    subject: 'Tune\nit',
    isTowpaths: false,
  },
];
const proposal = { number: 8, url: 'https://git.example.com/pulls/8', by: null } as const;
const by = 'by Jane [2J <jane@example.com> in aaaaaaaaaaaa ("Tune it")';

it.each<readonly [Hold, string, string | null]>([
  [
    { kind: 'edited', ...about, commit: null, changes, lines: [], proposal: null },
    `edited in git ${by}`,
    'hold release chat',
  ],
  [
    { kind: 'reverted', ...about, commit: null, changes: [], lines: [], proposal: null },
    'taken back to another revision in git',
    'hold release chat',
  ],
  [
    { kind: 'removed', ...about, commit: null, changes, lines: [], proposal: null },
    `removed in git ${by}`,
    'hold release chat',
  ],
  [
    { kind: 'edited-removal', ...about, commit: null, changes, proposal: null },
    `but was edited in git ${by}`,
    'hold release chat',
  ],
  [
    { kind: 'foreign-removal', ...about, doubt: 'unreadable-provenance', changes },
    `but deployments/chat-1 has a PROVENANCE that cannot be read; last changed ${by}`,
    null,
  ],
  [
    {
      kind: 'deletions',
      deployments: [about, about],
      refusal: 'Cannot remove 2 deployment(s): 9; if they are meant, run',
    },
    'Cannot remove 2 deployment(s): 9',
    'hold release deletions',
  ],
  [
    { kind: 'deletions', deployments: [about], refusal: null },
    '1 deployment to be removed, within the limit',
    'hold release deletions',
  ],
  [
    { kind: 'foreign', ...about, doubt: 'other-listener', proposal: null },
    'what is there has a PROVENANCE that names another listener',
    'adopt chat',
  ],
  [
    { kind: 'foreign', ...about, doubt: 'other-listener', proposal: { ...proposal, state: 'open' } },
    'what is there has a PROVENANCE that names another listener',
    null,
  ],
  [
    { kind: 'foreign', ...about, doubt: 'other-listener', proposal: { ...proposal, state: 'rejected', by: 'joe\n' } },
    'listener; pull request #8 was closed by joe',
    'adopt chat',
  ],
  [
    { kind: 'history', lost: id('b'), head: id('c') },
    'head cccccccccccc does not descend',
    `hold release history --namespace team-a --commit ${id('b')}`,
  ],
  [{ kind: 'orphan', path: 'deployments/x', changes }, `does not know it; last changed ${by}`, null],
  [{ kind: 'rejected', ...about, message: 'rejected by Jane', pullRequest: null }, 'rejected by Jane', null],
  [{ kind: 'edited-in-review', ...about, message: 'holds a commit', pullRequest: null }, 'holds a commit', null],
])('%j', (hold, reason, command) => {
  const release = releaseOf(hold, namespace);

  expect(reasonOf(hold)).toContain(reason);
  expect(reasonOf(hold)).not.toMatch(/[\n\u001b]/);
  expect(release.effect).not.toBe('');
  if (command === null) expect(release.command).toBeNull();
  else expect(release.command).toContain(`towpath ${command}`);
});

it('what is proposed already waits for whoever merges it, not for the command once more', () => {
  const hold: Hold = {
    kind: 'edited',
    ...about,
    commit: null,
    changes,
    lines: [],
    proposal: { ...proposal, state: 'open' },
  };

  expect(releaseOf(hold, namespace)).toEqual({
    command: null,
    effect: 'merge or close pull request #8: it lays down again what is wanted, over what was done in git',
  });
});

it('counts only what people did there, and Towpath’s own commits only where there is nothing else', () => {
  const [theirs] = changes;
  if (theirs === undefined) throw new RangeError('no change');
  const ours = { ...theirs, author: { name: 'Grace', email: 'grace@example.com' }, isTowpaths: true };
  const reasonWith = (all: typeof changes): string =>
    reasonOf({ kind: 'edited', ...about, commit: null, changes: all, lines: [], proposal: null });

  expect(reasonWith([theirs, ours, ours])).toMatch(/\("Tune it"\)$/);
  expect(reasonWith([ours, theirs, ours, theirs])).toMatch(/by Jane .* and 1 commit before it$/);
  expect(reasonWith([theirs, theirs, theirs])).toMatch(/ and 2 commits before it$/);
  expect(reasonWith([ours])).toContain('by Grace');
});
