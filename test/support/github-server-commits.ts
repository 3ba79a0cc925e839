/** GitHub's GraphQL mutations that make commits and move refs, on real git. */
import { commitChanges, isAncestor } from './forge-server-git.ts';
import type { ServedRepository } from './forge-server-pulls.ts';
import { nodeId } from './github-server-shapes.ts';
import { type GithubToken, type GithubWorld, notResolved, Refused } from './github-server-world.ts';
import { nativeGit } from './native-git.ts';

export interface CommitInput {
  readonly branch: { readonly repositoryNameWithOwner: string; readonly branchName: string };
  readonly message: { readonly headline: string; readonly body?: string };
  readonly fileChanges: {
    readonly additions: readonly { readonly path: string; readonly contents: string }[];
    readonly deletions: readonly { readonly path: string }[];
  };
  readonly expectedHeadOid: string;
}

export async function createCommit(world: GithubWorld, token: GithubToken, input: CommitInput) {
  const { branchName, repositoryNameWithOwner } = input.branch;
  const repository = world.repositories.get(repositoryNameWithOwner);
  if (!repository) throw notResolved(`a Repository with the name '${repositoryNameWithOwner}'`);
  mayWrite(repository, token, branchName);
  const { git } = repository;
  const head = await git.head(branchName);
  if (head === null) throw notResolved(`a branch with the name ${branchName}`);
  if (head !== input.expectedHeadOid) {
    const message = `Expected branch to point to "${input.expectedHeadOid}" but it did not.  Pull and try again.`;
    throw new Refused('STALE_DATA', message);
  }
  const { additions, deletions } = input.fileChanges;
  const files = additions.map(({ path, contents }) => ({ path, contents: Buffer.from(contents, 'base64') }));
  const texts = {
    message: `${[input.message.headline, input.message.body].filter(Boolean).join('\n\n')}\n`,
    author: { name: token.login, email: `${token.login}@users.noreply.github.com` },
    committer: { name: 'GitHub', email: 'noreply@github.com' },
  };
  const commit = await commitChanges(git, head, { additions: files, deletions }, texts);
  if (commit === null) {
    const message = `A path was requested for deletion which does not exist as of commit oid \`${head}\``;
    throw new Refused('UNPROCESSABLE', message);
  }
  await git.git('update-ref', `refs/heads/${branchName}`, commit, head);
  return { commit: { oid: commit } };
}

export interface RefsInput {
  readonly repositoryId: string;
  readonly refUpdates: readonly {
    readonly name: string;
    readonly beforeOid?: string;
    readonly afterOid: string;
    readonly force: boolean;
  }[];
}

/** All or nothing, as one transaction of git's own. */
export async function updateRefs(world: GithubWorld, token: GithubToken, input: RefsInput) {
  const repository = [...world.repositories.values()].find(({ id }) => nodeId('Repository', id) === input.repositoryId);
  if (!repository) throw notResolved(`a node with the global id of '${input.repositoryId}'`);
  const lines: string[] = ['start'];
  for (const { name, beforeOid = '', afterOid, force } of input.refUpdates) {
    await mayMove(repository, token, { branch: name.replace(/^refs\/heads\//, ''), afterOid, force });
    const line = /^0+$/.test(afterOid) ? `delete ${name} ${beforeOid}` : `update ${name} ${afterOid} ${beforeOid}`;
    lines.push(line.trim());
  }
  const transaction = `${[...lines, 'prepare', 'commit'].join('\n')}\n`;
  await nativeGit(['-C', repository.git.path, 'update-ref', '--stdin'], { input: transaction }).catch(() => {
    throw new Refused('UNPROCESSABLE', 'Reference update failed');
  });
  return { clientMutationId: null };
}

async function mayMove(
  repository: ServedRepository,
  token: GithubToken,
  { branch, afterOid, force }: { readonly branch: string; readonly afterOid: string; readonly force: boolean },
): Promise<void> {
  const ruled = repository.refusedBranches.get(branch);
  if (ruled !== undefined) throw new Refused('UNPROCESSABLE', `Repository rule violations found\n\n${ruled}\n\n`);
  const before = await repository.git.head(branch);
  if (!force && before !== null && !(await isAncestor(repository.git, before, afterOid))) {
    throw new Refused('UNPROCESSABLE', 'Update is not a fast forward');
  }
  mayWrite(repository, token, branch);
}

function mayWrite(repository: ServedRepository, token: GithubToken, branch: string): void {
  if (repository.archived) throw new Refused('FORBIDDEN', 'Repository was archived so is read-only.');
  if (token.permissions && token.permissions['contents'] !== 'write') {
    throw new Refused('FORBIDDEN', 'Resource not accessible by integration');
  }
  if (branch !== repository.defaultBranch || !repository.protection) return;
  const message = 'Repository rule violations found\n\nChanges must be made through a pull request.\n\n';
  throw new Refused('UNPROCESSABLE', message);
}
