/** Whose commit lies on a branch: what is not ours for sure is a person's, and is never overwritten. */
import { expect, it } from 'vitest';
import { branchState, type Ourselves } from '../../src/core/proposal.ts';
import type { BranchCommit } from '../../src/domain/commit.ts';
import { type CommitId, ListenerId } from '../../src/domain/identifiers.ts';

const id = (digit: string): CommitId => digit.repeat(40) as CommitId;
const uuid = '22222222-2222-4222-8222-222222222222';
const message = [
  'deploy(chat): revision 22222222',
  '',
  'Change: deploy',
  `Deployment-Id: ${uuid}`,
  `Revision-Id: ${uuid}`,
  `Listener-Id: ${uuid}`,
  'Inputs-Digest: sha256:1',
  'Replaces: nothing',
].join('\n');
const app = { name: 'towpath[bot]', email: '1+towpath[bot]@users.noreply.github.com' };
const jane = { name: 'Jane', email: '2+jane@users.noreply.github.com' };
const ours: Ourselves = { listenerId: ListenerId.parse(uuid), committer: null };

function kindOf(committer: BranchCommit['committer'], ourselves: Ourselves = ours): string {
  const commit = { id: id('1'), parents: [id('0')], author: app, committer, message };
  return branchState({ tip: commit.id, commits: [commit] }, ourselves).kind;
}

it.each([
  ['github.com', { name: 'GitHub', email: 'noreply@github.com' }],
  ['a GitHub Enterprise', { name: 'GitHub Enterprise', email: 'noreply@github.example' }],
  ['a forge that names whoever asked', app],
])('a commit that the API of %s made is ours', (_forge, committer) => {
  expect(kindOf(committer)).toBe('ours');
});

it('our commit, amended by a person, is not ours any more, also where a forge commits for us', () => {
  expect(kindOf(jane)).toBe('edited');
  expect(kindOf(jane, { ...ours, committer: 'towpath@example.com' })).toBe('edited');
});
