/** GitHub's REST endpoints for pull requests, as far as Towpath asks them. */
import type { ForgeAnswer, ForgeRoute } from './forge-server.ts';
import { closePull, mergePull, openPull, reopenPull, type ServedPull, touch } from './forge-server-pulls.ts';
import { issueShape, listedPullShape, pullShape, reviewShape } from './github-server-pull-shapes.ts';
import { failure, invalid, labelShape } from './github-server-shapes.ts';
import {
  type Asking,
  type GithubWorld,
  type Handler,
  inRepository,
  mergeState,
  type Needs,
  notFound,
  paged,
  textOf,
  textsOf,
} from './github-server-world.ts';

const read: Needs = { permission: 'pull_requests', right: 'read' };
const write: Needs = { permission: 'pull_requests', right: 'write' };
const push: Needs = { permission: 'contents', right: 'write' };

export function pullRoutes(world: GithubWorld): readonly ForgeRoute[] {
  const route = (method: string, tail: string, needs: Needs, handler: Handler): ForgeRoute => ({
    method,
    path: new RegExp(`^(?:/api/v3)?/repos/([^/]+/[^/]+)${tail}$`),
    answer: inRepository(world, needs, handler),
  });
  return [
    route('GET', '/pulls', read, listPulls),
    route('POST', '/pulls', write, createPull),
    route('GET', '/pulls/(\\d+)', read, withPull(readPull)),
    route('PATCH', '/pulls/(\\d+)', write, withPull(updatePull)),
    route('PUT', '/pulls/(\\d+)/merge', push, withPull(merge)),
    route('GET', '/pulls/(\\d+)/reviews', read, withPull(listReviews)),
    route('POST', '/pulls/(\\d+)/requested_reviewers', write, withPull(requestReviewers)),
    route('GET', '/issues/(\\d+)', read, withPull(readIssue)),
    route('POST', '/issues/(\\d+)/labels', write, withPull(addLabels)),
    route('DELETE', '/issues/(\\d+)/labels/([^/]+)', write, withPull(removeLabel)),
  ];
}

type PullHandler = (asking: Asking, pull: ServedPull, ...caught: readonly string[]) => ReturnType<Handler>;

function withPull(handler: PullHandler): Handler {
  return (asking, number = '', ...caught) => {
    const pull = asking.repository.pulls.find((each) => each.number === Number(number));
    return pull ? handler(asking, pull, ...caught) : notFound;
  };
}

function listPulls(asking: Asking): ForgeAnswer {
  const { query } = asking.call;
  const [state, base, head] = [query.get('state') ?? 'open', query.get('base'), query.get('head')];
  const [owner = ''] = asking.repository.path.split('/');
  const found = asking.repository.pulls
    .filter((pull) => state === 'all' || (pull.state === 'open') === (state === 'open'))
    .filter((pull) => base === null || pull.base === base)
    .filter((pull) => head === null || head === `${pull.fork?.split('/')[0] ?? owner}:${pull.head}`);
  const isUpdated = query.get('sort') === 'updated';
  const sorted = found.toSorted((a, b) =>
    isUpdated ? b.updatedAt.getTime() - a.updatedAt.getTime() : b.number - a.number,
  );
  const ordered = (query.get('direction') ?? 'desc') === 'desc' ? sorted : sorted.toReversed();
  return paged(
    asking,
    ordered.map((pull) => listedPullShape(asking.shaping, pull)),
  );
}

async function createPull(asking: Asking): Promise<ForgeAnswer> {
  const { repository, call, token } = asking;
  const [head = '', base = '', title = ''] = ['head', 'base', 'title'].map((name) => textOf(call.body, name));
  const body = textOf(call.body, 'body') ?? '';
  if (body.length > 65_536) return invalid('PullRequest', 'body is too long (maximum is 65536 characters)');
  const draft = call.body['draft'] === true;
  const opened = await openPull(repository, { head, base, title, body, draft, author: token.login });
  const [owner] = repository.path.split('/');
  switch (opened.kind) {
    case 'opened':
      return { status: 201, body: pullShape(asking.shaping, opened.pull, { mergeable: null, state: 'unknown' }) };
    case 'exists':
      return invalid('PullRequest', `A pull request already exists for ${owner}:${head}.`);
    case 'no-commits':
      return invalid('PullRequest', `No commits between ${base} and ${head}`);
    case 'no-head':
      return failure(422, 'Validation Failed', [{ resource: 'PullRequest', field: 'head', code: 'invalid' }]);
    case 'no-base':
      return failure(422, 'Validation Failed', [{ resource: 'PullRequest', field: 'base', code: 'invalid' }]);
    default:
      return opened satisfies never;
  }
}

async function readPull(asking: Asking, pull: ServedPull): Promise<ForgeAnswer> {
  const body = pullShape(asking.shaping, pull, await mergeState(asking.repository, pull));
  return { status: 200, body };
}

async function updatePull(asking: Asking, pull: ServedPull): Promise<ForgeAnswer> {
  const { body } = asking.call;
  const [title, text, state] = ['title', 'body', 'state'].map((name) => textOf(body, name));
  if (state === 'open' && pull.state === 'merged')
    return invalid('PullRequest', 'state cannot be changed. The pull request is already merged.');
  if (state === 'closed' && pull.state === 'open') closePull(pull, asking.token.login);
  if (state === 'open' && pull.state === 'closed') reopenPull(pull);
  touch(pull, { ...(title === undefined ? {} : { title }), ...(text === undefined ? {} : { body: text }) });
  return readPull(asking, pull);
}

async function merge(asking: Asking, pull: ServedPull): Promise<ForgeAnswer> {
  const { repository, call, token } = asking;
  const kind = textOf(call.body, 'merge_method') ?? 'merge';
  const sha = textOf(call.body, 'sha');
  if (kind !== 'merge' && kind !== 'squash' && kind !== 'rebase') return failure(422, 'Invalid merge method');
  if (!repository.mergeKinds.includes(kind))
    return failure(405, `${mergeWords[kind]} are not allowed on this repository.`);
  if (sha !== undefined && sha !== pull.headCommit) {
    return failure(409, 'Head branch was modified. Review and try the merge again.');
  }
  const { state } = await mergeState(repository, pull);
  if (pull.state !== 'open' || state === 'dirty' || state === 'draft' || state === 'unknown') {
    return failure(405, 'Pull Request is not mergeable');
  }
  if (state === 'blocked')
    return failure(405, 'At least 1 approving review is required by reviewers with write access.');
  const title = textOf(call.body, 'commit_title');
  touch(pull, {
    squashMessage: title === undefined ? null : `${title}\n\n${textOf(call.body, 'commit_message') ?? ''}`,
  });
  const merged = await mergePull(repository, pull, kind, token.login);
  return { status: 200, body: { sha: merged, merged: true, message: 'Pull Request successfully merged' } };
}

const mergeWords = { merge: 'Merge commits', squash: 'Squash merges', rebase: 'Rebase merges' };

function listReviews(asking: Asking, pull: ServedPull): ForgeAnswer {
  return paged(
    asking,
    pull.reviews.map((each) => reviewShape(asking.shaping, pull, each)),
  );
}

function requestReviewers(asking: Asking, pull: ServedPull): ForgeAnswer {
  const { repository, call } = asking;
  const reviewers = textsOf(call.body, 'reviewers');
  const teams = textsOf(call.body, 'team_reviewers');
  if (reviewers.includes(pull.author)) return failure(422, 'Review cannot be requested from pull request author.');
  if (reviewers.some((login) => !repository.people.has(login)) || teams.some((team) => team.startsWith('unknown'))) {
    const words =
      'Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the';
    return failure(422, `${words} ${repository.path} repository.`);
  }
  touch(pull, { reviewers: union(pull.reviewers, reviewers), teamReviewers: union(pull.teamReviewers, teams) });
  return { status: 201, body: listedPullShape(asking.shaping, pull) };
}

function readIssue(asking: Asking, pull: ServedPull): ForgeAnswer {
  return { status: 200, body: issueShape(asking.shaping, pull) };
}

/** What does not exist yet is made. */
function addLabels(asking: Asking, pull: ServedPull): ForgeAnswer {
  const labels = textsOf(asking.call.body, 'labels');
  for (const label of labels) asking.repository.labels.add(label);
  touch(pull, { labels: union(pull.labels, labels) });
  return { status: 200, body: pull.labels.map((name) => labelShape(asking.shaping, name)) };
}

function removeLabel(asking: Asking, pull: ServedPull, name = ''): ForgeAnswer {
  if (!pull.labels.includes(name)) return failure(404, 'Label does not exist');
  touch(pull, { labels: pull.labels.filter((each) => each !== name) });
  return { status: 200, body: pull.labels.map((label) => labelShape(asking.shaping, label)) };
}

function union(before: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...before, ...more])];
}
