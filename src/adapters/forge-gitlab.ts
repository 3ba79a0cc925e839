/** The port Forge on gitlab.com and self-managed GitLab, by REST v4; a pull request is a merge request there. */
import { z } from 'zod';
import { TowpathError } from '../domain/failure.ts';
import type { MergeMethod, NewPullRequest, PullRequest, PullRequestContent } from '../domain/pull-request.ts';
import type { Forge } from '../ports.ts';
import { approvalOf } from './forge-gitlab-approval.ts';
import { type GitlabProject, gitlabProject, methodsOf, readRepository } from './forge-gitlab-project.ts';
import { draftTitle, isDraft, isOwn, MergeRequest, pullRequestOf } from './forge-gitlab-shapes.ts';
import type { ForgeHttp } from './forge-http.ts';
import { messagesOf } from './forge-http-failure.ts';
import { shaped } from './forge-http-shape.ts';

export interface GitlabForgeSettings {
  readonly http: ForgeHttp;
  /** `group/subgroup/name`. */
  readonly repository: string;
  /** The branch that merge requests go onto. */
  readonly base: string;
}

export interface GitlabContext extends GitlabForgeSettings {
  readonly project: GitlabProject;
}

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
    autoMerge: (pullRequest, method) => autoMerge(context, pullRequest, method),
    approval: (pullRequest) => approvalOf(context, pullRequest),
    // GitLab sees in the push itself that the target holds the head.
    markMerged: async () => true,
    repository: () => readRepository(http, project, base),
    budgets: () => http.budgets(),
    dispose: () => http.dispose(),
  };
}

async function listOpen(context: GitlabContext, prefix: string): Promise<readonly PullRequest[]> {
  // Without this GitLab works out conflicts only where somebody looks at the page.
  const found = await list(context, prefix, { state: 'opened', with_merge_status_recheck: true });
  return found.map(pullRequestOf);
}

async function listClosed(context: GitlabContext, prefix: string, after: Date): Promise<readonly PullRequest[]> {
  const query = { updated_after: after.toISOString(), order_by: 'updated_at', sort: 'desc' };
  const found = [
    ...(await list(context, prefix, { ...query, state: 'merged' })),
    ...(await list(context, prefix, { ...query, state: 'closed' })),
  ];
  return found
    .filter(({ merged_at, closed_at }) => new Date(merged_at ?? closed_at ?? 0) >= after)
    .map(pullRequestOf)
    .sort((one, other) => other.updatedAt.getTime() - one.updatedAt.getTime());
}

type ListQuery = Readonly<Record<string, string | boolean>>;

async function list(context: GitlabContext, prefix: string, query: ListQuery): Promise<readonly MergeRequest[]> {
  const { http, repository, base } = context;
  const purpose = `list the merge requests of ${repository}`;
  const call = { purpose, query: { ...query, target_branch: base, scope: 'all', per_page: 100 } };
  return context.project.ask(async (path) => {
    const found: MergeRequest[] = [];
    for await (const { body } of http.pages(`${path}/merge_requests`, call)) {
      found.push(...shaped(http, purpose, z.array(MergeRequest), body));
    }
    return found.filter((one) => isOwn(one) && one.source_branch.startsWith(prefix));
  });
}

async function readOne({ http, repository, project }: GitlabContext, number: number): Promise<MergeRequest | null> {
  const purpose = `read !${number} of ${repository}`;
  const answer = await project.ask((path) => http.get(`${path}/merge_requests/${number}`, { purpose, accept: [404] }));
  if (answer.status !== 404) return shaped(http, purpose, MergeRequest, answer.body);
  // A project that is gone, or hidden from this token, has no merge requests either: that must not pass for an answer.
  await project.read();
  return null;
}

async function closedBy(context: GitlabContext, number: number): Promise<string | null> {
  const found = await readOne(context, number);
  const who = found?.merge_user ?? found?.merged_by ?? found?.closed_by;
  return who?.username ?? null;
}

async function create(context: GitlabContext, request: NewPullRequest): Promise<PullRequest> {
  const { http, repository, base, project } = context;
  const purpose = `open a merge request for "${request.head}" of ${repository}`;
  const content = {
    source_branch: request.head,
    target_branch: base,
    title: request.draft ? draftTitle(request.title) : request.title,
    description: request.body,
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

/** Whoever does not exist is left out. */
async function idsOf({ http }: GitlabContext, usernames: readonly string[]): Promise<readonly number[]> {
  const found: number[] = [];
  for (const username of usernames) {
    const purpose = `find the user ${username}`;
    const { status, body } = await http.get('/users', { purpose, query: { username }, accept: [403, 404] });
    if (status < 400)
      found.push(...shaped(http, purpose, z.array(z.object({ id: z.number().int() })), body).map(({ id }) => id));
  }
  return found;
}

/** A draft is one by its title alone, so it must be known whether it is one. */
async function update(context: GitlabContext, number: number, content: PullRequestContent): Promise<PullRequest> {
  const { http, repository, project } = context;
  const purpose = `update !${number} of ${repository}`;
  const before = await readOne(context, number);
  const title = before && isDraft(before) ? draftTitle(content.title) : content.title;
  const labels = content.labels.length > 0 ? { add_labels: content.labels.join(',') } : {};
  const changes = { title, description: content.body, ...labels };
  const { body } = await project.ask((path) => http.put(`${path}/merge_requests/${number}`, changes, { purpose }));
  return pullRequestOf(shaped(http, purpose, MergeRequest, body));
}

async function close({ http, repository, project }: GitlabContext, number: number, body: string): Promise<void> {
  const purpose = `close !${number} of ${repository}`;
  const changes = { state_event: 'close', description: body };
  await project.ask((path) => http.put(`${path}/merge_requests/${number}`, changes, { purpose }));
}

/** One that is ready is merged; of the others GitLab is asked to merge them once their rules are met. */
async function autoMerge(
  context: GitlabContext,
  pullRequest: PullRequest,
  method: MergeMethod,
): Promise<string | null> {
  const { http, repository, project } = context;
  const { number, headCommit } = pullRequest;
  const methods = methodsOf(await project.read());
  if (!methods.includes(method)) return `the project merges by ${methods.join(' or ')}, not by ${method}`;
  const found = await readOne(context, number);
  if (found?.state === 'merged') return null;
  if (!found || found.state === 'closed') return 'it is no longer open';
  const isReady = pullRequestOf(found).mergeability === 'mergeable';
  // The second name is what GitLab called it before 17.11.
  const waiting = isReady ? {} : { auto_merge: true, merge_when_pipeline_succeeds: true };
  const wish = { sha: headCommit, squash: method === 'squash', ...waiting };
  const purpose = `let !${number} of ${repository} be merged`;
  const accept = [401, 405, 406, 409, 422];
  const { status, body } = await project.ask((path) =>
    http.put(`${path}/merge_requests/${number}/merge`, wish, { purpose, accept }),
  );
  if (status < 400) return null;
  if (status === 401) return 'this token may not merge into that branch';
  const words = messagesOf(body).join('; ') || `GitLab answered ${status}`;
  return `${words} (${found.detailed_merge_status ?? found.merge_status ?? 'unknown'})`;
}
