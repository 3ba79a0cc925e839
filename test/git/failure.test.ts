/** The words of git and of the forges, and what they mean. */
import { describe, expect, it } from 'vitest';
import { failureOf, type GitFailure } from '../../src/git/failure.ts';

const table: readonly (readonly [GitFailure, string, string])[] = [
  ['moved', 'git', 'failed to update ref'],
  ['moved', 'git', "cannot lock ref 'refs/heads/main': is at 1111 but expected 2222"],
  ['moved', 'git', "cannot lock ref 'refs/heads/main': reference already exists"],
  [
    'moved',
    'git, a lock',
    "cannot lock ref 'refs/heads/main': Unable to create '/srv/x.git/refs/heads/main.lock': File exists.\nAnother git process seems to be running in this repository, or the lock file may be stale, then try again.",
  ],
  ['moved', 'git', 'fetch first'],
  ['moved', 'git', 'non-fast-forward'],
  ['moved', 'git', 'atomic push failed'],
  ['moved', 'GitLab', 'incorrect old value provided'],
  ['moved', 'Gitaly', 'reference already exists'],
  ['moved', 'JGit', 'LOCK_FAILURE: failed to lock'],
  ['moved', 'Gerrit', 'lock error: remote ref "refs/heads/main" is at 1111 but expected 2222'],
  ['policy', 'git', 'pre-receive hook declined'],
  ['policy', 'git', 'hook declined'],
  [
    'policy',
    'GitHub',
    'protected branch hook declined\nerror: GH006: Protected branch update failed for refs/heads/main.',
  ],
  [
    'policy',
    'GitHub',
    'push declined due to repository rule violations\nerror: GH013: Repository rule violations found',
  ],
  [
    'policy',
    'GitLab',
    'pre-receive hook declined\nGitLab: You are not allowed to push code to protected branches on this project.',
  ],
  ['policy', 'Gitea', 'pre-receive hook declined\nGitea: Not allowed to push to protected branch main'],
  [
    'policy',
    'Bitbucket',
    'pre-receive hook declined\nBranch refs/heads/main can only be modified through pull requests. Check your branch permission configuration',
  ],
  ['policy', 'git', 'unpacker error: pack exceeds maximum allowed size'],
  ['policy', 'git', 'unpacker error: index-pack abnormal exit\nfatal: fsck error in packed object'],
  ['missing', 'git', 'missing necessary objects'],
  ['missing', 'git', 'unpacker error: unpack-objects abnormal exit\nfatal: unresolved deltas left after unpacking'],
  ['moved', 'git, a head that is gone', 'upload-pack: not our ref 1111111111111111111111111111111111111111'],
  ['missing', 'GitHub', 'Repository not found.'],
  ['missing', 'git over SSH', "'x.git' does not appear to be a git repository"],
  ['denied', 'git', 'deny updating a hidden ref'],
  ['denied', 'git', 'branch is currently checked out'],
  ['denied', 'GitHub', 'Permission to acme/team-a.git denied to towpath.'],
  ['denied', 'GitHub', 'This repository was archived so it is read-only.'],
  ['auth', 'GitHub', 'Invalid username or token. Password authentication is not supported for Git operations.'],
  ['auth', 'GitLab', 'HTTP Basic: Access denied. The provided password or token is incorrect'],
  ['auth', 'SSH', 'git@example.com: Permission denied (publickey,password).'],
  ['transient', 'git', 'unpacker error: unable to write file /srv/objects/aa/bb: No space left on device'],
  ['transient', 'git', 'unpacker error: unpack-objects abnormal exit'],
  ['transient', 'GitLab', 'pre-receive hook declined\nGitLab: Internal API unreachable'],
  ['transient', 'GitHub', 'Internal Server Error'],
  ['transient', 'nobody knows', 'the moon is in the wrong place'],
];

describe('failureOf', () => {
  it.each(table)('is %s for %s: %s', (failure, _server, words) => {
    const [reason = '', ...rest] = words.split('\n');

    expect(failureOf(reason, rest.join('\n'))).toBe(failure);
  });
});
