/** GitLab's REST endpoints for projects and merge requests, as far as Towpath asks them. */
import type { ForgeAnswer, ForgeRoute } from './forge-server.ts';
import {
  closePull,
  mergePull,
  openPull,
  reopenPull,
  type ServedPull,
  type ServedRepository,
  touch,
} from './forge-server-pulls.ts';
import {
  approvalsShape,
  branchShape,
  mergeRequestShape,
  plainStatus,
  projectShape,
  reviewersShape,
  statusesShape,
  userShape,
  versionsShape,
} from './gitlab-server-shapes.ts';
import {
  type Asking,
  failure,
  type GitlabWorld,
  type Handler,
  inProject,
  mergeStatus,
  paged,
} from './gitlab-server-world.ts';

export function gitlabRoutes(world: GitlabWorld): readonly ForgeRoute[] {
  const route = (method: string, tail: string, handler: Handler): ForgeRoute => ({
    method,
    path: new RegExp(`^/api/v4/projects/([^/]+)${tail}$`),
    answer: inProject(world, method !== 'GET', handler),
  });
  const one = '/merge_requests/(\\d+)';
  return [
    { method: 'GET', path: /^\/api\/v4\/user$/, answer: ({ token }) => currentUser(world, token) },
    { method: 'GET', path: /^\/api\/v4\/users$/, answer: ({ query }) => findUsers(world, query.get('username') ?? '') },
    route('GET', '', readProject),
    route('GET', '/members/all/(\\d+)', readMember),
    route('GET', '/repository/branches/([^/]+)', readBranch),
    route('GET', '/repository/commits/([0-9a-f]{40})/statuses', (asking, commit = '') =>
      paged(asking, statusesShape(asking.shaping, commit)),
    ),
    route('GET', '/merge_requests', listMergeRequests),
    route('POST', '/merge_requests', createMergeRequest),
    route('GET', one, withPull(answerPull)),
    route('PUT', one, withPull(updateMergeRequest)),
    route('PUT', `${one}/merge`, withPull(merge)),
    route(
      'GET',
      `${one}/approvals`,
      withPull(({ shaping }, pull) => ok(approvalsShape(shaping, pull))),
    ),
    route(
      'GET',
      `${one}/reviewers`,
      withPull((asking, pull) => paged(asking, reviewersShape(asking.shaping, pull))),
    ),
    route(
      'GET',
      `${one}/versions`,
      withPull((asking, pull) => paged(asking, versionsShape(asking.shaping, pull))),
    ),
  ];
}

function ok(body: unknown): ForgeAnswer {
  return { status: 200, body };
}

type PullHandler = (asking: Asking, pull: ServedPull) => ReturnType<Handler>;

function withPull(handler: PullHandler): Handler {
  return (asking, iid = '') => {
    const pull = asking.repository.pulls.find((each) => each.number === Number(iid));
    return pull ? handler(asking, pull) : failure(404, '404 Not found');
  };
}

function currentUser(world: GitlabWorld, token: string | null): ForgeAnswer {
  return ok({ ...userShape(world, world.tokens.get(token ?? '')?.username ?? ''), bot: false, is_admin: false });
}

function findUsers(world: GitlabWorld, username: string): ForgeAnswer {
  const isKnown = [...world.repositories.values()].some(({ people }) => people.has(username));
  return ok(isKnown ? [userShape(world, username)] : []);
}

const accessLevels = { admin: 40, write: 30, read: 20 } as const;

function readProject({ shaping, repository, username }: Asking): ForgeAnswer {
  return ok(projectShape(shaping, accessLevels[repository.people.get(username) ?? 'read']));
}

/** Of groups that were invited to the project, too. */
function readMember({ shaping, repository }: Asking, id = ''): ForgeAnswer {
  const found = [...repository.people].find(([name]) => String(userShape(shaping, name).id) === id);
  if (found === undefined) return failure(404, '404 Not found');
  const [name, right] = found;
  return ok({ ...userShape(shaping, name), access_level: accessLevels[right], expires_at: null });
}

async function readBranch({ shaping, repository, username }: Asking, name = ''): Promise<ForgeAnswer> {
  const commit = await repository.git.head(name);
  if (commit === null) return failure(404, '404 Branch Not Found');
  return ok(branchShape(shaping, name, commit, repository.people.get(username) !== 'read'));
}

async function listMergeRequests(asking: Asking): Promise<ForgeAnswer> {
  const { repository, call } = asking;
  const state = call.query.get('state') ?? 'all';
  const wanted = state === 'opened' ? 'open' : state;
  const [target, source, after] = ['target_branch', 'source_branch', 'updated_after'].map((name) =>
    call.query.get(name),
  );
  const found = repository.pulls
    .filter((pull) => wanted === 'all' || pull.state === wanted)
    .filter((pull) => target == null || pull.base === target)
    .filter((pull) => source == null || pull.head === source)
    .filter((pull) => after == null || pull.updatedAt >= new Date(after));
  const isUpdated = call.query.get('order_by') === 'updated_at';
  const sorted = found.toSorted((a, b) =>
    isUpdated ? b.updatedAt.getTime() - a.updatedAt.getTime() : b.number - a.number,
  );
  if (call.query.get('sort') === 'asc') sorted.reverse();
  const shapes = [];
  for (const pull of sorted) shapes.push(mergeRequestShape(asking.shaping, pull, await listedStatus(asking, pull)));
  return paged(asking, shapes);
}

/** Lists are kept for hours, until the merge request itself changes, or whether git can merge it. */
async function listedStatus({ world, repository }: Asking, pull: ServedPull): Promise<string> {
  const status = await mergeStatus(repository, pull);
  const key = `${pull.updatedAt.toISOString()} ${plainStatus(status)}`;
  const known = world.listed.get(pull);
  if (known?.key === key) return known.status;
  world.listed.set(pull, { key, status });
  return status;
}

/** Lines that are commands are obeyed, not kept; what they would do does not matter here. */
function textOf(description: string): string {
  return description.replace(/^\/[a-z_]+\b.*\n?/gim, '');
}

const draftMark = /^\s*(?:draft:|\[draft\]|\(draft\))\s*/i;

async function createMergeRequest(asking: Asking): Promise<ForgeAnswer> {
  const { repository, call, username } = asking;
  const text = (name: string): string => String(call.body[name] ?? '');
  const [head, base] = [text('source_branch'), text('target_branch')];
  if (text('description').length > 1_048_576)
    return failure(400, { description: ['is too long (maximum is 1048576 characters)'] });
  const title = text('title').replace(draftMark, '');
  const draft = draftMark.test(text('title'));
  const opened = await openPull(repository, {
    head,
    base,
    title,
    body: textOf(text('description')),
    draft,
    author: username,
  });
  switch (opened.kind) {
    case 'opened':
      touch(opened.pull, { labels: labelsOf(call.body['labels']), reviewers: reviewersOf(asking) });
      return { ...(await answerPull(asking, opened.pull)), status: 201 };
    case 'exists':
      return failure(409, [`Another open merge request already exists for this source branch: !${opened.pull.number}`]);
    case 'no-head':
      return failure(422, { base: ['Source branch "%s" does not exist'.replace('%s', head)] });
    case 'no-base':
      return failure(422, { base: ['Target branch "%s" does not exist'.replace('%s', base)] });
    case 'no-commits':
      return failure(422, { base: ['There are no commits between the branches'] });
    default:
      return opened satisfies never;
  }
}

async function answerPull(asking: Asking, pull: ServedPull): Promise<ForgeAnswer> {
  const body = mergeRequestShape(asking.shaping, pull, await mergeStatus(asking.repository, pull));
  return ok({ ...body, changes_count: '1', head_pipeline: null, diff_refs: null, first_contribution: false });
}

async function updateMergeRequest(asking: Asking, pull: ServedPull): Promise<ForgeAnswer> {
  const { body } = asking.call;
  const { title, description, add_labels: added, state_event: event } = body;
  if (typeof title === 'string') touch(pull, { title: title.replace(draftMark, ''), draft: draftMark.test(title) });
  if (typeof description === 'string') touch(pull, { body: textOf(description) });
  if (added !== undefined) touch(pull, { labels: [...new Set([...pull.labels, ...labelsOf(added)])] });
  if (event === 'close' && pull.state === 'open') closePull(pull, asking.username);
  if (event === 'reopen' && pull.state === 'closed') reopenPull(pull);
  return answerPull(asking, pull);
}

async function merge(asking: Asking, pull: ServedPull): Promise<ForgeAnswer> {
  const { repository, call, username } = asking;
  const { sha, squash, auto_merge: auto, merge_when_pipeline_succeeds: older } = call.body;
  // Whoever may not merge is told the same as whoever is unknown.
  if (repository.people.get(username) === 'read') return failure(401, '401 Unauthorized');
  const status = await mergeStatus(repository, pull);
  const waits = auto === true || older === true;
  const canWait = ['ci_must_pass', 'ci_still_running', 'not_approved', 'draft_status'].includes(status);
  if (status === 'conflict') return failure(422, 'Branch cannot be merged');
  // Where there is nothing to wait for, waiting is refused.
  const isAllowed = waits ? canWait || isGreen(repository, pull) : status === 'mergeable';
  if (!isAllowed) return failure(405, '405 Method Not Allowed');
  if (sha !== undefined && sha !== pull.headCommit) {
    return failure(409, `SHA does not match HEAD of source branch: ${pull.headCommit}`);
  }
  const isFastForward = !repository.mergeKinds.includes('merge');
  const kind = squash === true ? 'squash' : isFastForward ? 'rebase' : 'merge';
  const { squash_commit_message: said } = call.body;
  touch(pull, { squashMessage: typeof said === 'string' ? said : null });
  if (status === 'mergeable') await mergePull(repository, pull, kind, username);
  else touch(pull, { autoMerge: kind });
  return answerPull(asking, pull);
}

function isGreen({ checks }: ServedRepository, { headCommit }: ServedPull): boolean {
  const found = checks.get(headCommit) ?? [];
  return found.length > 0 && found.every(({ state }) => state === 'success');
}

function labelsOf(value: unknown): string[] {
  const texts = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
  return texts
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter(Boolean);
}

function reviewersOf({ call, repository, world }: Asking): string[] {
  const ids = Array.isArray(call.body['reviewer_ids']) ? call.body['reviewer_ids'] : [];
  return [...repository.people.keys()].filter((name) => ids.includes(userShape(world, name).id));
}
