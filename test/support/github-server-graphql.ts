/**
 * GitHub's GraphQL, as far as Towpath asks it: its own schema judges each document and its variables, and gives each
 * answer its shape. Errors come with status 200, as GitHub sends them.
 */
import { type GraphQLError, graphql } from 'graphql';
import type { ForgeAnswer, ForgeRoute } from './forge-server.ts';
import { refreshPulls, type ServedRepository, touch } from './forge-server-pulls.ts';
import { githubSchema } from './github-graphql-schema.ts';
import { type CommitInput, createCommit, type RefsInput, updateRefs } from './github-server-commits.ts';
import { pullNodeId } from './github-server-pull-shapes.ts';
import { failure } from './github-server-shapes.ts';
import { type GithubToken, type GithubWorld, mergeState, notResolved, Refused } from './github-server-world.ts';

export function graphqlRoute(world: GithubWorld): ForgeRoute {
  return {
    method: 'POST',
    path: /^(?:\/api)?\/graphql$/,
    answer: async (call) => {
      const token = world.tokens.get(call.token ?? '');
      if (!token) return failure(401, 'Bad credentials');
      const { data, errors } = await graphql({
        schema: githubSchema,
        source: String(call.body['query']),
        variableValues: call.body['variables'] as Readonly<Record<string, unknown>>,
        rootValue: rootOf(world, token),
      });
      return answerOf(data, errors ?? []);
    },
  };
}

function answerOf(data: unknown, errors: readonly GraphQLError[]): ForgeAnswer {
  const told = errors.map(({ message, path, locations, originalError }) => {
    const kind = originalError instanceof Refused ? { type: originalError.type } : { extensions: { code: 'invalid' } };
    return { ...kind, path, locations, message };
  });
  const body = { ...(data === undefined ? {} : { data }), ...(told.length > 0 ? { errors: told } : {}) };
  return { status: 200, body, headers: { 'x-ratelimit-resource': 'graphql' } };
}

function rootOf(world: GithubWorld, token: GithubToken) {
  return {
    createCommitOnBranch: ({ input }: { readonly input: CommitInput }) => createCommit(world, token, input),
    enablePullRequestAutoMerge: ({ input }: { readonly input: AutoMergeInput }) => enableAutoMerge(world, input),
    updateRefs: ({ input }: { readonly input: RefsInput }) => updateRefs(world, token, input),
    repository: ({ owner, name }: { readonly owner: string; readonly name: string }) => {
      const path = `${owner}/${name}`;
      const repository = world.repositories.get(world.renames.get(path) ?? path);
      if (!repository) throw notResolved(`a Repository with the name '${path}'`);
      return { pullRequests: (asked: PullsAsked) => openPulls(world, repository, asked) };
    },
  };
}

interface AutoMergeInput {
  readonly pullRequestId: string;
  readonly mergeMethod: 'MERGE' | 'REBASE' | 'SQUASH';
  readonly expectedHeadOid?: string;
  readonly commitHeadline?: string;
  readonly commitBody?: string;
}

const kinds = { MERGE: 'merge', REBASE: 'rebase', SQUASH: 'squash' } as const;

async function enableAutoMerge(world: GithubWorld, input: AutoMergeInput) {
  const found = findPull(world, input.pullRequestId);
  if (!found) throw notResolved(`a node with the global id of '${input.pullRequestId}'`);
  const { repository, pull } = found;
  await refreshPulls(repository);
  if (!repository.allowAutoMerge) throw new Refused('UNPROCESSABLE', 'Auto merge is not allowed for this repository');
  if (input.expectedHeadOid !== undefined && input.expectedHeadOid !== pull.headCommit) {
    throw new Refused('UNPROCESSABLE', 'Expected head oid does not match the current head oid');
  }
  const { state } = await mergeState(repository, pull);
  if (state === 'clean' || state === 'unstable') {
    throw new Refused('UNPROCESSABLE', `Pull request Pull request is in ${state} status`);
  }
  const squashMessage =
    input.commitHeadline === undefined ? null : `${input.commitHeadline}\n\n${input.commitBody ?? ''}`;
  touch(pull, { autoMerge: kinds[input.mergeMethod], squashMessage });
  return { pullRequest: { number: pull.number } };
}

function findPull(world: GithubWorld, nodeId: string) {
  for (const repository of world.repositories.values()) {
    const pull = repository.pulls.find((each) => pullNodeId(repository, each) === nodeId);
    if (pull) return { repository, pull };
  }
  return null;
}

interface PullsAsked {
  readonly baseRefName: string;
  readonly first: number;
  readonly after: string | null;
}

/** All that Towpath asks for are open ones. */
async function openPulls(world: GithubWorld, repository: ServedRepository, { baseRefName, first, after }: PullsAsked) {
  const open = repository.pulls.filter(({ state, base }) => state === 'open' && base === baseRefName).toReversed();
  const from = Number(after ?? 0);
  const to = from + Math.min(first, 100, world.pageSize);
  const nodes = [];
  for (const pull of open.slice(from, to)) {
    const { mergeable, state } = await mergeState(repository, pull);
    const word = mergeable === null ? 'UNKNOWN' : mergeable ? 'MERGEABLE' : 'CONFLICTING';
    const mergeStateStatus = state.toUpperCase();
    nodes.push({ number: pull.number, headRefOid: pull.headCommit, mergeable: word, mergeStateStatus });
  }
  return { nodes, pageInfo: { hasNextPage: to < open.length, endCursor: String(to) } };
}
