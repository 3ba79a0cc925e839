/** GitHub's REST endpoints about a repository: itself, its rules, refs, checks and who may write. */
import type { ForgeAnswer, ForgeRoute } from './forge-server.ts';
import { mergeBranch } from './forge-server-git.ts';
import {
  checkRunsShape,
  combinedStatusShape,
  commitShape,
  currentUserShape,
  failure,
  fullRepositoryShape,
  refShape,
  userShape,
} from './github-server-shapes.ts';
import {
  type Asking,
  type GithubWorld,
  type Handler,
  inRepository,
  type Needs,
  notAccessible,
  notFound,
  paged,
  textOf,
} from './github-server-world.ts';

const metadata: Needs = { permission: 'metadata', right: 'read' };
const contents: Needs = { permission: 'contents', right: 'read' };
const push: Needs = { permission: 'contents', right: 'write' };

export function repositoryRoutes(world: GithubWorld): readonly ForgeRoute[] {
  const route = (method: string, tail: string, needs: Needs, handler: Handler): ForgeRoute => ({
    method,
    path: new RegExp(`^(?:/api/v3)?/repos/([^/]+/[^/]+)${tail}$`),
    answer: inRepository(world, needs, handler),
  });
  return [
    { method: 'GET', path: /^(?:\/api\/v3)?\/user$/, answer: ({ token }) => currentUser(world, token) },
    route('GET', '', metadata, readRepository),
    route('GET', '/rules/branches/(.+)', metadata, readRules),
    route('GET', '/branches/(.+)/protection', { permission: 'administration', right: 'admin' }, readProtection),
    route('GET', '/branches/(.+)', contents, readBranch),
    route('GET', '/collaborators/([^/]+)/permission', metadata, readPermission),
    route('GET', '/commits/([0-9a-f]{40})/status', { permission: 'statuses', right: 'read' }, readStatus),
    route('GET', '/commits/([0-9a-f]{40})/check-runs', { permission: 'checks', right: 'read' }, readCheckRuns),
    route('GET', '/git/ref/(.+)', contents, readRef),
    route('GET', '/git/matching-refs/(.+)', contents, matchingRefs),
    route('GET', '/compare/([0-9a-f]{40})\\.\\.\\.([0-9a-f]{40})', contents, compare),
    route('POST', '/merges', push, mergeBranches),
    route('DELETE', '/git/refs/(.+)', push, deleteRef),
  ];
}

function currentUser(world: GithubWorld, token: string | null): ForgeAnswer {
  const found = world.tokens.get(token ?? '');
  if (!found) return failure(401, 'Bad credentials');
  if (found.permissions) return notAccessible;
  return { status: 200, body: currentUserShape(world, found.login) };
}

function readRepository({ shaping, token }: Asking): ForgeAnswer {
  return { status: 200, body: fullRepositoryShape(shaping, token.permissions ? '' : token.login) };
}

/** Rulesets, which everybody may read who sees the repository; classic protection is told elsewhere. */
function readRules({ repository }: Asking, branch = ''): ForgeAnswer {
  const { protection } = repository;
  if (branch !== repository.defaultBranch || !protection) return { status: 200, body: [] };
  const source = { ruleset_source_type: 'Repository', ruleset_source: repository.path, ruleset_id: 42 };
  const reviews = {
    type: 'pull_request',
    ...source,
    parameters: {
      required_approving_review_count: protection.approvals,
      dismiss_stale_reviews_on_push: false,
      require_code_owner_review: false,
      require_last_push_approval: false,
      required_review_thread_resolution: false,
      allowed_merge_methods: ['merge', 'squash', 'rebase'],
    },
  };
  const checks = {
    type: 'required_status_checks',
    ...source,
    parameters: {
      strict_required_status_checks_policy: protection.strict,
      do_not_enforce_on_create: false,
      required_status_checks: protection.checks.map((context) => ({ context })),
    },
  };
  return { status: 200, body: [{ type: 'deletion', ...source }, reviews, checks] };
}

async function readBranch({ repository, shaping }: Asking, branch = ''): Promise<ForgeAnswer> {
  const commit = await repository.git.head(branch);
  if (commit === null) return failure(404, 'Branch not found');
  const url = `${shaping.api}/repos/${repository.path}/branches/${branch}`;
  const isProtected = branch === repository.defaultBranch && repository.protection !== null;
  return {
    status: 200,
    body: {
      name: branch,
      commit: commitShape(shaping, commit),
      _links: { self: url, html: `${shaping.web}/${repository.path}/tree/${branch}` },
      protected: isProtected,
      protection: {
        enabled: isProtected,
        required_status_checks: { enforcement_level: isProtected ? 'non_admins' : 'off', contexts: [], checks: [] },
      },
      protection_url: `${url}/protection`,
    },
  };
}

function readProtection({ repository, shaping }: Asking, branch = ''): ForgeAnswer {
  const { protection } = repository;
  if (branch !== repository.defaultBranch || !protection) return failure(404, 'Branch not protected');
  const url = `${shaping.api}/repos/${repository.path}/branches/${branch}/protection`;
  return {
    status: 200,
    body: {
      url,
      required_pull_request_reviews: { url, required_approving_review_count: protection.approvals },
      required_status_checks: { url, strict: protection.strict, contexts: protection.checks, checks: [] },
      enforce_admins: { url, enabled: false },
    },
  };
}

function readPermission({ repository, shaping }: Asking, login = ''): ForgeAnswer {
  const right = repository.people.get(login) ?? 'none';
  const user = { ...userShape(shaping, login), role_name: right };
  return { status: 200, body: { permission: right, user, role_name: right } };
}

function readStatus(asking: Asking, commit = ''): ForgeAnswer {
  const all = asking.world.statuses.get(commit) ?? [];
  const { body, ...page } = paged(asking, all);
  return { ...page, status: 200, body: combinedStatusShape(asking.shaping, commit, all, body as typeof all) };
}

function readCheckRuns({ shaping }: Asking, commit = ''): ForgeAnswer {
  return { status: 200, body: checkRunsShape(shaping, commit) };
}

async function readRef({ repository, shaping }: Asking, name = ''): Promise<ForgeAnswer> {
  if ((await repository.git.git('for-each-ref')) === '') return failure(409, 'Git Repository is empty.');
  const found = await repository.git.git('show-ref', '--verify', '--hash', `refs/${name}`).catch(() => '');
  return found === '' ? notFound : { status: 200, body: refShape(shaping, `refs/${name}`, found.trim()) };
}

async function matchingRefs({ repository, shaping }: Asking, prefix = ''): Promise<ForgeAnswer> {
  const listed = await repository.git.git('for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads');
  const refs = listed
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, ref]) => ref?.startsWith(`refs/${prefix}`));
  return { status: 200, body: refs.map(([commit = '', ref = '']) => refShape(shaping, ref, commit)) };
}

async function mergeBranches({ repository, shaping, call }: Asking): Promise<ForgeAnswer> {
  const [base = '', head = '', message = ''] = ['base', 'head', 'commit_message'].map((name) =>
    textOf(call.body, name),
  );
  if ((await repository.git.head(base)) === null) return failure(404, 'Base does not exist');
  const by = { name: 'towpath', email: 'towpath@users.noreply.github.com' };
  const merged = await mergeBranch({ git: repository.git, base, head, kind: 'merge', message, by });
  if (merged === null) return failure(409, 'Merge conflict');
  return { status: 201, body: commitShape(shaping, merged, message) };
}

/** What the second has changed since both parted. */
async function compare({ repository, shaping }: Asking, base = '', head = ''): Promise<ForgeAnswer> {
  const { git } = repository;
  const parted = (await git.git('merge-base', base, head)).trim();
  const changed = await git.git('diff-tree', '-r', '--no-commit-id', '--name-only', parted, head);
  const files = changed
    .split('\n')
    .filter(Boolean)
    .map((filename) => ({ filename, sha: head, status: 'modified', additions: 1, deletions: 0, changes: 1 }));
  const url = `${shaping.api}/repos/${repository.path}/compare/${base}...${head}`;
  const counts = { status: 'diverged', ahead_by: 1, behind_by: 1, total_commits: 1 };
  const commits = { base_commit: commitShape(shaping, base), merge_base_commit: commitShape(shaping, parted) };
  return { status: 200, body: { url, html_url: url, ...counts, ...commits, commits: [], files } };
}

async function deleteRef({ repository }: Asking, name = ''): Promise<ForgeAnswer> {
  if ((await repository.git.head(name.replace(/^heads\//, ''))) === null)
    return failure(422, 'Reference does not exist');
  await repository.git.git('update-ref', '-d', `refs/${name}`);
  return { status: 204 };
}
