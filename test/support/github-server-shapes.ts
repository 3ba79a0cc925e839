/**
 * Repositories, users, refs and checks as GitHub's REST API answers with them (github/rest-api-description, version 2022-11-28), fields that nobody
 * reads included.
 */
import type { ServedRepository } from './forge-server-pulls.ts';

export interface Shaping {
  readonly web: string;
  readonly api: string;
  readonly repository: ServedRepository;
}

export function userShape({ web, api }: Pick<Shaping, 'web' | 'api'>, login: string) {
  const url = `${api}/users/${login}`;
  return {
    login,
    id: idOf(login),
    node_id: nodeId('User', idOf(login)),
    avatar_url: `${web}/images/${login}.png`,
    gravatar_id: '',
    url,
    html_url: `${web}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: login.endsWith('[bot]') ? 'Bot' : 'User',
    user_view_type: 'public',
    site_admin: false,
  };
}

/** What a person is told of herself. */
export function currentUserShape(where: Pick<Shaping, 'web' | 'api'>, login: string) {
  return {
    ...userShape(where, login),
    ...{ name: login, company: null, blog: null, location: null, email: null, hireable: null, bio: null },
    ...{ public_repos: 0, public_gists: 0, followers: 0, following: 0 },
    created_at: '2026-01-05T09:00:00Z',
    updated_at: '2026-01-05T09:00:00Z',
  };
}

function repositoryShape(shaping: Shaping, path = shaping.repository.path) {
  const { web, api, repository } = shaping;
  const [owner = '', name = ''] = path.split('/');
  const url = `${api}/repos/${path}`;
  const openPulls = repository.pulls.filter(({ state }) => state === 'open').length;
  const pushed = repository.pulls.map(({ updatedAt }) => updatedAt.getTime());
  return {
    id: path === repository.path ? repository.id : idOf(path),
    node_id: nodeId('Repository', repository.id),
    name,
    full_name: path,
    private: true,
    owner: userShape(shaping, owner),
    html_url: `${web}/${path}`,
    description: null,
    homepage: null,
    fork: path !== repository.path,
    url,
    branches_url: `${url}/branches{/branch}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    pulls_url: `${url}/pulls{/number}`,
    statuses_url: `${url}/statuses/{sha}`,
    created_at: '2026-01-05T09:00:00Z',
    updated_at: '2026-01-05T09:00:00Z',
    pushed_at: seconds(new Date(Math.max(0, ...pushed))),
    git_url: `git://${new URL(web).host}/${path}.git`,
    ssh_url: `git@${new URL(web).host}:${path}.git`,
    clone_url: `${web}/${path}.git`,
    size: 108,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: true,
    has_wiki: false,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    forks: 0,
    forks_count: 0,
    watchers: 0,
    archived: repository.archived,
    disabled: false,
    open_issues: openPulls,
    open_issues_count: openPulls,
    license: null,
    allow_forking: true,
    is_template: false,
    topics: [],
    visibility: 'private',
    default_branch: repository.defaultBranch,
  };
}

/** What only the repository's own endpoint tells. */
export function fullRepositoryShape(shaping: Shaping, login: string) {
  const { repository } = shaping;
  const right = repository.people.get(login);
  return {
    ...repositoryShape(shaping),
    // An installation's token gets false for all of them, whatever its App may do.
    permissions: {
      admin: right === 'admin',
      maintain: right === 'admin',
      push: right === 'admin' || right === 'write',
      triage: right === 'admin' || right === 'write',
      pull: right !== undefined,
    },
    allow_rebase_merge: repository.mergeKinds.includes('rebase'),
    allow_squash_merge: repository.mergeKinds.includes('squash'),
    allow_merge_commit: repository.mergeKinds.includes('merge'),
    allow_auto_merge: repository.allowAutoMerge,
    allow_update_branch: false,
    delete_branch_on_merge: false,
    use_squash_pr_title_as_default: false,
    squash_merge_commit_message: repository.keepsTrailers ? 'COMMIT_MESSAGES' : 'BLANK',
    squash_merge_commit_title: 'COMMIT_OR_PR_TITLE',
    web_commit_signoff_required: false,
    network_count: 0,
    subscribers_count: 1,
  };
}

export function labelShape({ api, repository }: Shaping, name: string) {
  return {
    id: idOf(name),
    node_id: nodeId('Label', idOf(name)),
    url: `${api}/repos/${repository.path}/labels/${encodeURIComponent(name)}`,
    name,
    color: 'ededed',
    default: name === 'bug',
    description: '',
  };
}

export function checkRunsShape({ api, repository }: Shaping, commit: string) {
  const runs = (repository.checks.get(commit) ?? []).map((check, index) => ({
    id: index + 1,
    name: check.name,
    node_id: nodeId('CheckRun', index + 1),
    head_sha: commit,
    external_id: '',
    url: `${api}/repos/${repository.path}/check-runs/${index + 1}`,
    html_url: null,
    details_url: null,
    status: check.state === 'pending' ? 'in_progress' : 'completed',
    conclusion: check.state === 'pending' ? null : check.state,
    started_at: '2026-01-05T09:00:00Z',
    completed_at: check.state === 'pending' ? null : '2026-01-05T09:01:00Z',
    output: { title: null, summary: null, text: null, annotations_count: 0, annotations_url: '' },
    check_suite: { id: 5 },
    app: null,
    pull_requests: [],
  }));
  return { total_count: runs.length, check_runs: runs };
}

/** Where nobody has set a status, GitHub says `pending` all the same. */
export function combinedStatusShape(
  shaping: Shaping,
  commit: string,
  all: readonly StatusShape[],
  page: readonly StatusShape[],
) {
  const { api, repository } = shaping;
  const states = all.map(({ state }) => state);
  const isFailed = states.includes('failure') || states.includes('error');
  const isGood = states.length > 0 && states.every((state) => state === 'success');
  return {
    state: isFailed ? 'failure' : isGood ? 'success' : 'pending',
    statuses: page.map((status, index) => ({
      id: index + 1,
      node_id: nodeId('StatusContext', index + 1),
      url: `${api}/repos/${repository.path}/statuses/${commit}`,
      description: null,
      target_url: null,
      created_at: '2026-01-05T09:00:00Z',
      updated_at: '2026-01-05T09:00:00Z',
      ...status,
    })),
    sha: commit,
    total_count: all.length,
    repository: repositoryShape(shaping),
    commit_url: `${api}/repos/${repository.path}/commits/${commit}`,
    url: `${api}/repos/${repository.path}/commits/${commit}/status`,
  };
}

export interface StatusShape {
  readonly context: string;
  readonly state: 'pending' | 'success' | 'failure' | 'error';
}

/** As far as anybody knows it without looking into it. */
export function commitShape({ web, api, repository }: Shaping, sha: string, message = 'change') {
  const url = `${api}/repos/${repository.path}/commits/${sha}`;
  const by = { name: 'Jane', email: 'jane@users.example', date: '2026-01-05T09:00:00Z' };
  return {
    url,
    sha,
    node_id: `C_${sha}`,
    html_url: `${web}/${repository.path}/commit/${sha}`,
    comments_url: `${url}/comments`,
    commit: { url, author: by, committer: by, message, tree: { sha, url }, comment_count: 0 },
    author: null,
    committer: null,
    parents: [],
  };
}

export function refShape({ api, repository }: Shaping, ref: string, commit: string) {
  return {
    ref,
    node_id: nodeId('Ref', repository.id),
    url: `${api}/repos/${repository.path}/git/${ref}`,
    object: { type: 'commit', sha: commit, url: `${api}/repos/${repository.path}/git/commits/${commit}` },
  };
}

/** `Not Found`, and where to read about it. */
export function failure(status: number, message: string, errors?: readonly unknown[]) {
  const body = {
    message,
    ...(errors ? { errors } : {}),
    documentation_url: 'https://docs.github.com/rest',
    status: String(status),
  };
  return { status, body };
}

export function invalid(resource: string, message: string) {
  return failure(422, 'Validation Failed', [{ resource, code: 'custom', message }]);
}

export function branchShape(shaping: Shaping, path: string, ref: string, sha: string) {
  const [owner = ''] = path.split('/');
  return {
    label: `${owner}:${ref}`,
    ref,
    sha,
    user: userShape(shaping, owner),
    repo: repositoryShape(shaping, path),
  };
}

export function nodeId(kind: string, id: number): string {
  return `${kind}_${Buffer.from(String(id)).toString('base64url')}`;
}

export function idOf(text: string): number {
  return [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 1_000_000_007, 7);
}

export function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
