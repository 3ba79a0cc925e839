/**
 * GitHub's GraphQL mutations and queries that Towpath sends. They are told apart by their field; errors come with
 * status 200, as GitHub sends them.
 */
import type { ForgeCall, ForgeRoute } from './forge-server.ts';
import { commitChanges, isAncestor } from './forge-server-git.ts';
import { refreshPulls, type ServedRepository, touch } from './forge-server-pulls.ts';
import { pullNodeId } from './github-server-pull-shapes.ts';
import { failure, nodeId } from './github-server-shapes.ts';
import { type GithubToken, type GithubWorld, mergeState } from './github-server-world.ts';
import { nativeGit } from './native-git.ts';

export function graphqlRoute(world: GithubWorld): ForgeRoute {
  return {
    method: 'POST',
    path: /^(?:\/api)?\/graphql$/,
    answer: async (call) => {
      const token = world.tokens.get(call.token ?? '');
      if (!token) return failure(401, 'Bad credentials');
      const query = String(call.body['query']);
      const found = Object.entries(fields).find(([field]) => query.includes(`${field}(`));
      if (!found) return { status: 200, body: { errors: [{ message: `Parse error on ${query}` }] } };
      const [field, answer] = found;
      const outcome = await answer({ world, token, call, variables: variablesOf(call) });
      if ('type' in outcome) {
        const error = { ...outcome, path: [field], locations: [{ line: 1, column: 20 }] };
        return { status: 200, body: { data: { [field]: null }, errors: [error] } };
      }
      return { status: 200, body: { data: outcome.data }, headers: { 'x-ratelimit-resource': 'graphql' } };
    },
  };
}

interface Asked {
  readonly world: GithubWorld;
  readonly token: GithubToken;
  readonly call: ForgeCall;
  readonly variables: Readonly<Record<string, unknown>>;
}

type Outcome = { readonly data: unknown } | { readonly type: string; readonly message: string };

const fields: Readonly<Record<string, (asked: Asked) => Promise<Outcome>>> = {
  createCommitOnBranch: createCommit,
  enablePullRequestAutoMerge: enableAutoMerge,
  pullRequests: mergeStates,
  updateRefs,
};

interface CommitInput {
  readonly branch: { readonly repositoryNameWithOwner: string; readonly branchName: string };
  readonly message: { readonly headline: string; readonly body?: string };
  readonly fileChanges: {
    readonly additions?: readonly { readonly path: string; readonly contents: string }[];
    readonly deletions?: readonly { readonly path: string }[];
  };
  readonly expectedHeadOid: string;
}

async function createCommit({ world, token, variables }: Asked): Promise<Outcome> {
  const input = variables['input'] as CommitInput;
  const repository = world.repositories.get(input.branch.repositoryNameWithOwner);
  const { branchName } = input.branch;
  if (!repository) return notResolved(`a Repository with the name '${input.branch.repositoryNameWithOwner}'`);
  const refusal = await refusedCommit(repository, token, branchName);
  if (refusal) return refusal;
  const { git } = repository;
  const head = await git.head(branchName);
  if (head === null) return notResolved(`a branch with the name ${branchName}`);
  if (head !== input.expectedHeadOid) {
    const message = `Expected branch to point to "${input.expectedHeadOid}" but it did not.  Pull and try again.`;
    return { type: 'STALE_DATA', message };
  }
  const { additions = [], deletions = [] } = input.fileChanges;
  const commit = await commitChanges(
    git,
    head,
    {
      additions: additions.map(({ path, contents }) => ({ path, contents: Buffer.from(contents, 'base64') })),
      deletions,
    },
    {
      message: `${[input.message.headline, input.message.body].filter(Boolean).join('\n\n')}\n`,
      author: { name: token.login, email: `${token.login}@users.noreply.github.com` },
      committer: { name: 'GitHub', email: 'noreply@github.com' },
    },
  );
  if (commit === null) {
    const message = `A path was requested for deletion which does not exist as of commit oid \`${head}\``;
    return { type: 'UNPROCESSABLE', message };
  }
  await git.git('update-ref', `refs/heads/${branchName}`, commit, head);
  return {
    data: {
      createCommitOnBranch: { commit: { oid: commit, url: `${world.web}/${repository.path}/commit/${commit}` } },
    },
  };
}

async function refusedCommit(
  repository: ServedRepository,
  token: GithubToken,
  branch: string,
): Promise<Outcome | null> {
  if (repository.archived) return { type: 'FORBIDDEN', message: 'Repository was archived so is read-only.' };
  if (token.permissions && token.permissions['contents'] !== 'write') {
    return { type: 'FORBIDDEN', message: 'Resource not accessible by integration' };
  }
  if (branch !== repository.defaultBranch || !repository.protection) return null;
  const message = 'Repository rule violations found\n\nChanges must be made through a pull request.\n\n';
  return { type: 'UNPROCESSABLE', message };
}

async function enableAutoMerge({ world, variables }: Asked): Promise<Outcome> {
  const input = variables['input'] as {
    readonly pullRequestId: string;
    readonly mergeMethod: string;
    readonly expectedHeadOid?: string;
  };
  const found = findPull(world, input.pullRequestId);
  if (!found) return notResolved(`a node with the global id of '${input.pullRequestId}'`);
  const { repository, pull } = found;
  await refreshPulls(repository);
  const refuse = (message: string): Outcome => ({ type: 'UNPROCESSABLE', message });
  if (!repository.allowAutoMerge) return refuse('Auto merge is not allowed for this repository');
  if (input.expectedHeadOid !== undefined && input.expectedHeadOid !== pull.headCommit) {
    return refuse('Expected head oid does not match the current head oid');
  }
  const { state } = await mergeState(repository, pull);
  if (state === 'clean' || state === 'unstable') return refuse(`Pull request is in ${state} status`);
  const kind = input.mergeMethod.toLowerCase();
  if (kind !== 'merge' && kind !== 'squash' && kind !== 'rebase') return refuse('Invalid merge method');
  touch(pull, { autoMerge: kind });
  return { data: { enablePullRequestAutoMerge: { pullRequest: { number: pull.number } } } };
}

function findPull(world: GithubWorld, nodeId: string) {
  for (const repository of world.repositories.values()) {
    const pull = repository.pulls.find((each) => pullNodeId(repository, each) === nodeId);
    if (pull) return { repository, pull };
  }
  return null;
}

async function mergeStates({ world, variables }: Asked): Promise<Outcome> {
  const path = `${variables['owner']}/${variables['name']}`;
  const repository = world.repositories.get(world.renames.get(path) ?? path);
  if (!repository) return notResolved(`a Repository with the name '${path}'`);
  const open = repository.pulls
    .filter(({ state, base }) => state === 'open' && base === variables['base'])
    .toReversed();
  const from = Number(variables['after'] ?? 0);
  const to = from + Math.min(100, world.pageSize);
  const nodes = [];
  for (const pull of open.slice(from, to)) {
    const { mergeable, state } = await mergeState(repository, pull);
    const word = mergeable === null ? 'UNKNOWN' : mergeable ? 'MERGEABLE' : 'CONFLICTING';
    nodes.push({
      number: pull.number,
      headRefOid: pull.headCommit,
      mergeable: word,
      mergeStateStatus: state.toUpperCase(),
    });
  }
  const pageInfo = { hasNextPage: to < open.length, endCursor: String(to) };
  return { data: { repository: { pullRequests: { nodes, pageInfo } } } };
}

interface RefUpdate {
  readonly name: string;
  readonly beforeOid?: string;
  readonly afterOid: string;
  readonly force?: boolean;
}

/** All or nothing, as one transaction of git's own. */
async function updateRefs({ world, token, variables }: Asked): Promise<Outcome> {
  const input = variables['input'] as { readonly repositoryId: string; readonly refUpdates: readonly RefUpdate[] };
  const repository = [...world.repositories.values()].find(({ id }) => nodeId('Repository', id) === input.repositoryId);
  if (!repository) return notResolved(`a node with the global id of '${input.repositoryId}'`);
  const lines: string[] = ['start'];
  for (const { name, beforeOid, afterOid, force } of input.refUpdates) {
    const branch = name.replace(/^refs\/heads\//, '');
    const refusal = await refusedRef(repository, token, { branch, afterOid, force: force === true });
    if (refusal) return refusal;
    const before = beforeOid ?? '';
    lines.push(
      /^0+$/.test(afterOid) ? `delete ${name} ${before}`.trim() : `update ${name} ${afterOid} ${before}`.trim(),
    );
  }
  const transaction = `${[...lines, 'prepare', 'commit'].join('\n')}\n`;
  return nativeGit(['-C', repository.git.path, 'update-ref', '--stdin'], { input: transaction }).then(
    () => ({ data: { updateRefs: { clientMutationId: null } } }),
    () => ({ type: 'UNPROCESSABLE', message: 'Reference update failed' }),
  );
}

async function refusedRef(
  repository: ServedRepository,
  token: GithubToken,
  { branch, afterOid, force }: { readonly branch: string; readonly afterOid: string; readonly force: boolean },
): Promise<Outcome | null> {
  const ruled = [...repository.refusedBranches].find(([name]) => branch === name)?.[1];
  if (ruled !== undefined)
    return { type: 'UNPROCESSABLE', message: `Repository rule violations found\n\n${ruled}\n\n` };
  const before = await repository.git.head(branch);
  if (!force && before !== null && !(await isAncestor(repository.git, before, afterOid))) {
    return { type: 'UNPROCESSABLE', message: 'Update is not a fast forward' };
  }
  return refusedCommit(repository, token, branch);
}

function notResolved(what: string): Outcome {
  return { type: 'NOT_FOUND', message: `Could not resolve to ${what}.` };
}

function variablesOf(call: ForgeCall): Readonly<Record<string, unknown>> {
  return (call.body['variables'] ?? {}) as Readonly<Record<string, unknown>>;
}
