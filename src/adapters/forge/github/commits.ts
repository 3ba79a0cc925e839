/**
 * Commits made by GitHub's API, which signs them for its App: whatever reads goes to git, whatever writes goes to GraphQL.
 */
import { z } from 'zod';
import type { CommitDraft } from '../../../domain/commit.ts';
import { CommitId } from '../../../domain/identifiers.ts';
import type { Branches, PushOutcome, Repository, Snapshot } from '../../../ports.ts';
import { shaped } from '../http/shape.ts';
import type { ProposeWorld } from './api-commit-request.ts';
import { type CommitOutcome, type CommitRequest, headOf } from './api-commit-request.ts';
import { apiCommit, isApplied } from './changes.ts';
import type { GithubHttp } from './http.ts';
import { mergeOnto } from './merge.ts';
import { proposeByApi } from './propose.ts';
import { clearly, type GithubRefs, githubRefs, refusalOf } from './refs.ts';
import { removeByApi } from './remove.ts';

interface GithubCommitsSettings {
  /** The very branch through git: it reads. */
  readonly repository: Repository & Branches;
  readonly http: GithubHttp;
  /** `owner/name`. */
  readonly name: string;
}

export function githubApiCommits(settings: GithubCommitsSettings): Repository & Branches {
  const { repository: git, http, name } = settings;
  const refs = githubRefs({ http, repository: name });
  const commit = (request: CommitRequest): Promise<CommitOutcome> => makeCommit(http, refs, request, name);
  const world: ProposeWorld = { git, refs, name, commit };
  return {
    url: git.url,
    branch: git.branch,
    head: () => git.head(),
    snapshot: (head) => git.snapshot(head),
    readBlobs: (ids) => git.readBlobs(ids),
    history: (snapshot, since, path) => git.history(snapshot, since, path),
    recent: (snapshot, after, path) => git.recent(snapshot, after, path),
    filesAt: (commits, folder) => git.filesAt(commits, folder),
    tips: (prefix) => git.tips(prefix),
    read: (snapshot, tips) => git.read(snapshot, tips),
    holds: (snapshot, tip) => git.holds(snapshot, tip),
    publish: (snapshot, drafts) => publish(world, snapshot, drafts),
    propose: (snapshot, drafts) => proposeByApi(world, snapshot, drafts),
    remove: (branches) => removeByApi(world, branches),
    merge: (snapshot, tip, draft) => mergeOnto(world, snapshot, tip, draft),
    close: () => git.close(),
  };
}

const commitMutation = `
mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}`;

const Created = z.object({ createCommitOnBranch: z.object({ commit: z.object({ oid: CommitId }) }) });

async function makeCommit(
  http: GithubHttp,
  refs: GithubRefs,
  { branch, parent, commit }: CommitRequest,
  name: string,
): Promise<CommitOutcome> {
  const purpose = `commit to branch "${branch}" of ${name}`;
  const input = {
    branch: { repositoryNameWithOwner: (await refs.present(purpose)).name, branchName: branch },
    message: commit.message,
    fileChanges: commit.fileChanges,
    expectedHeadOid: parent,
  };
  const answer = await http.graphql({ query: commitMutation, variables: { input }, purpose, makesContent: true });
  if (answer.kind === 'data') {
    return { kind: 'made', id: shaped(http, purpose, Created, answer.data).createCommitOnBranch.commit.oid };
  }
  const { type, message } = answer;
  const isMoved = type === 'STALE_DATA' || /is at \S+ but expected|expected branch to point to/i.test(message);
  if (isMoved) return { kind: 'moved' };
  const refusal = refusalOf(message);
  const words = `Cannot ${purpose}: GitHub refuses it: "${refusal.message}"`;
  const of = type === 'BRANCH_PROTECTION_RULE_VIOLATION' ? 'policy' : refusal.class;
  return { kind: 'denied', class: of, message: words };
}

/** One after the other, each on the one before: GitHub makes one commit a call. */
async function publish(world: ProposeWorld, first: Snapshot, drafts: readonly CommitDraft[]): Promise<PushOutcome> {
  const { git } = world;
  const commits: CommitId[] = [];
  let snapshot = first;
  for (const draft of drafts) {
    const outcome = await publishOne(world, snapshot, draft);
    if (outcome.kind !== 'made') return outcome;
    commits.push(outcome.id);
    snapshot = await git.snapshot(outcome.id);
  }
  return { kind: 'pushed', commits, snapshot };
}

async function publishOne(
  { git, name, commit }: ProposeWorld,
  snapshot: Snapshot,
  draft: CommitDraft,
): Promise<CommitOutcome> {
  const parent = headOf(snapshot, name);
  const request = { branch: git.branch, parent, commit: apiCommit(snapshot, draft) };
  return clearly(
    () => commit(request),
    async () => {
      const head = await git.head();
      return head === parent ? null : whatHappened(git, { snapshot, parent, head, draft });
    },
  );
}

interface Happening {
  readonly snapshot: Snapshot;
  readonly parent: CommitId;
  readonly head: CommitId | null;
  readonly draft: CommitDraft;
}

/** Ours, where exactly one commit has come and holds all that ours was to hold; else whoever it is was faster. */
async function whatHappened(git: Repository, { snapshot, parent, head, draft }: Happening): Promise<CommitOutcome> {
  if (head === null) return { kind: 'moved' };
  const after = await git.snapshot(head);
  const history = await git.history(after, parent, '');
  const isOne = history.kind === 'descends' && history.commits.length === 1;
  const isOurs = isOne && history.commits[0]?.subject === draft.message.split('\n', 1)[0];
  return isOurs && isApplied(snapshot, after, draft) ? { kind: 'made', id: head } : { kind: 'moved' };
}
