/** The port Forge on gitlab.com and self-managed GitLab, by REST v4; a pull request is a merge request there. */
import { z } from 'zod';
import { TowpathError } from '../../../domain/failure.ts';
import type { NewPullRequest, PullRequest, PullRequestContent } from '../../../domain/pull-request.ts';
import type { Forge } from '../../../ports.ts';
import { messagesOf } from '../http/failure.ts';
import { shaped } from '../http/shape.ts';
import { approvalOf } from './approval.ts';
import type { GitlabContext, GitlabForgeSettings } from './gitlab-context.ts';
import { list, listClosed, listOpen, readOne } from './lists.ts';
import { gitlabAutoMerge } from './merge.ts';
import { gitlabProject, readRepository } from './project.ts';
import { draftTitle, isDraft, MergeRequest, pullRequestOf, withoutCommands } from './shapes.ts';

export function gitlabForge(settings: GitlabForgeSettings): Forge {
  const { http, repository, base } = settings;
  const project = gitlabProject(http, repository);
  const context: GitlabContext = { http, repository, base, project };
  return {
    kind: 'gitlab',
    open: (prefix) => listOpen(context, prefix),
    closed: (prefix, after) => listClosed(context, prefix, after),
    read: async (number) => {
      const found = await readOne(context, number);
      return found && pullRequestOf(found);
    },
    closedBy: (number) => closedBy(context, number),
    create: (request) => create(context, request),
    update: (number, content) => update(context, number, content),
    close: (number, body) => close(context, number, body),
    autoMerge: (...order) => gitlabAutoMerge(context, ...order),
    approval: (pullRequest) => approvalOf(context, pullRequest),
    // GitLab sees in the push itself that the target holds the head.
    markMerged: async () => true,
    repository: () => readRepository(http, project, base),
    unknownReviewers: (names) => unknownReviewers(context, names),
    budgets: () => http.budgets(),
    dispose: () => http.dispose(),
  };
}

async function closedBy(context: GitlabContext, number: number): Promise<string | null> {
  const found = await readOne(context, number);
  // Who is to merge it may stand there before it is merged, and where it is closed instead.
  const who = found?.state === 'merged' ? (found.merge_user ?? found.merged_by) : found?.closed_by;
  return who?.username ?? null;
}

async function create(context: GitlabContext, request: NewPullRequest): Promise<PullRequest> {
  const { http, repository, base, project } = context;
  const purpose = `open a merge request for "${request.head}" of ${repository}`;
  const content = {
    source_branch: request.head,
    target_branch: base,
    title: request.draft ? draftTitle(request.title) : request.title,
    description: withoutCommands(request.body),
    labels: request.labels.join(','),
    reviewer_ids: await idsOf(context, request.reviewers),
  };
  const answer = await project.ask((path) => http.post(`${path}/merge_requests`, content, { purpose, accept: [409] }));
  if (answer.status !== 409) return pullRequestOf(shaped(http, purpose, MergeRequest, answer.body));
  const number = await standing(context, request.head, answer.body);
  return update(context, number, request);
}

/** "Another open merge request already exists for this source branch: !1" */
async function standing(context: GitlabContext, head: string, refusal: unknown): Promise<number> {
  const { http } = context;
  const named = /already exists for this source branch: !(\d+)/.exec(messagesOf(refusal).join(' '))?.[1];
  if (named !== undefined) return Number(named);
  const found = (await list(context, head, { state: 'opened' })).find(({ source_branch }) => source_branch === head);
  if (found) return found.iid;
  const words = `Cannot open a merge request for "${head}": ${http.server} says that there is one, and does not list it`;
  throw new TowpathError('transient', 'ForgeUnreachable', `${words}; it is tried again`);
}

/** Users that do not exist are left out. */
async function idsOf(context: GitlabContext, usernames: readonly string[]): Promise<readonly number[]> {
  const found: number[] = [];
  for (const username of usernames) found.push(...((await findUser(context, username)) ?? []));
  return found;
}

async function unknownReviewers(context: GitlabContext, usernames: readonly string[]): Promise<readonly string[]> {
  const unknown: string[] = [];
  for (const username of usernames) {
    if ((await findUser(context, username))?.length === 0) unknown.push(username);
  }
  return unknown;
}

/** Their ids, none where there is no such user; null where the token may not ask. */
async function findUser({ http }: GitlabContext, username: string): Promise<readonly number[] | null> {
  const purpose = `find the user ${username}`;
  const { status, body } = await http.get('/users', { purpose, query: { username }, accept: [403, 404] });
  if (status >= 400) return null;
  return shaped(http, purpose, z.array(z.object({ id: z.number().int() })), body).map(({ id }) => id);
}

/** A draft is one by its title alone, so it must be known whether it is one. */
async function update(context: GitlabContext, number: number, content: PullRequestContent): Promise<PullRequest> {
  const { http, repository, project } = context;
  const purpose = `update !${number} of ${repository}`;
  const before = await readOne(context, number);
  const title = before && isDraft(before) ? draftTitle(content.title) : content.title;
  const labels = content.labels.length > 0 ? { add_labels: content.labels.join(',') } : {};
  const changes = { title, description: withoutCommands(content.body), ...labels };
  const { body } = await project.ask((path) => http.put(`${path}/merge_requests/${number}`, changes, { purpose }));
  return pullRequestOf(shaped(http, purpose, MergeRequest, body));
}

async function close({ http, repository, project }: GitlabContext, number: number, body: string): Promise<void> {
  const purpose = `close !${number} of ${repository}`;
  const changes = { state_event: 'close', description: withoutCommands(body) };
  await project.ask((path) => http.put(`${path}/merge_requests/${number}`, changes, { purpose }));
}
