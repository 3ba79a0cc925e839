/** What GitHub says about a repository, and what these credentials may do there. */
import { z } from 'zod';
import type { ForgeRepository, MergeMethod } from '../../../domain/pull-request.ts';
import { shaped } from '../http/shape.ts';
import type { GithubContext } from './github-context.ts';
import { Repository } from './shapes.ts';

export async function readRepository(context: GithubContext): Promise<ForgeRepository> {
  const purpose = `read the repository ${context.repository}`;
  const { body } = await context.http.get(context.at, { purpose });
  const found = shaped(context.http, purpose, Repository, body);
  return {
    account: await accountOf(context),
    defaultBranch: found.default_branch,
    archived: found.archived,
    mayPush: await mayPush(context, found),
    mergeMethods: methodsOf(found),
    allowsAutoMerge: found.allow_auto_merge,
    squash: squashOf(found),
    protected: await isProtected(context),
    mergeSignature: signatureOf(context.apiUrl),
  };
}

/** A token that may not write is not told, and names nobody. */
export async function unknownReviewers(context: GithubContext, names: readonly string[]): Promise<readonly string[]> {
  const unknown: string[] = [];
  for (const name of names) {
    const right = await rightOf(context, name, [403]);
    if (right === 'none') unknown.push(name);
  }
  return unknown;
}

/** `admin`, `write`, `read`, or `none`, also of a user that is not there; null where the token is not told. */
export async function rightOf(
  context: GithubContext,
  login: string,
  accept: readonly number[] = [],
): Promise<string | null> {
  const purpose = `read what ${login} may do in ${context.repository}`;
  const path = `${context.at}/collaborators/${encodeURIComponent(login)}/permission`;
  const { status, body } = await context.http.get(path, { purpose, accept: [404, ...accept] });
  if (status === 404) return 'none';
  if (status >= 400) return null;
  return shaped(context.http, purpose, z.object({ permission: z.string() }), body).permission;
}

async function accountOf({ http, app }: GithubContext): Promise<string | null> {
  if (app) return app.account();
  const purpose = 'read whose token it is';
  const { status, body } = await http.get('/user', { purpose, accept: [403, 404] });
  if (status >= 400) return null;
  return shaped(http, purpose, z.object({ login: z.string() }), body).login;
}

/** GitHub tells the token of an App that it may do nothing, whatever it may. */
async function mayPush({ app }: GithubContext, { permissions }: z.infer<typeof Repository>): Promise<boolean> {
  if (app) return (await app.permissions())['contents'] === 'write';
  return permissions?.push === true;
}

/** Absent where the token may not push: then all are as GitHub sets them at first. */
function methodsOf(found: z.infer<typeof Repository>): readonly MergeMethod[] {
  const allowed: readonly (readonly [MergeMethod, boolean | undefined])[] = [
    ['merge', found.allow_merge_commit],
    ['squash', found.allow_squash_merge],
    ['rebase', found.allow_rebase_merge],
  ];
  return allowed.filter(([, isAllowed]) => isAllowed !== false).map(([method]) => method);
}

/** Absent where the token may not push. */
function squashOf({ squash_merge_commit_message: said }: z.infer<typeof Repository>): ForgeRepository['squash'] {
  if (said === undefined) return undefined;
  if (said !== 'BLANK') return { trailers: 'kept', how: `its default message is ${said}` };
  const mend =
    'choose "Pull request title and commit details" as the default message for squash merging in its settings';
  return { trailers: 'lost', how: mend };
}

const Rules = z.array(z.object({ type: z.string() }));
const demanding = new Set([
  'pull_request',
  'required_status_checks',
  'required_deployments',
  'workflows',
  'code_scanning',
  'merge_queue',
]);

/** Rulesets are told to everybody; classic protection only to its administrators. */
async function isProtected(context: GithubContext): Promise<boolean | null> {
  const { http, at } = context;
  const branch = encodeURIComponent(context.base);
  const purpose = `read how "${context.base}" of ${context.repository} is protected`;
  const call = { purpose, accept: [403, 404], query: { per_page: 100 } };
  const rules = await http.get(`${at}/rules/branches/${branch}`, call);
  const hasRules = rules.status < 400 && shaped(http, purpose, Rules, rules.body).some(isDemanding);
  if (hasRules) return true;
  const about = await http.get(`${at}/branches/${branch}`, { purpose, accept: [403, 404] });
  if (about.status >= 400) return null;
  const isClassic = shaped(http, purpose, z.object({ protected: z.boolean() }), about.body).protected;
  if (!isClassic) return false;
  const classic = await http.get(`${at}/branches/${branch}/protection`, { purpose, accept: [403, 404] });
  if (classic.status >= 400) return null;
  const demands = shaped(http, purpose, Protection, classic.body);
  return Boolean(demands.required_pull_request_reviews ?? demands.required_status_checks);
}

const Protection = z.object({
  required_pull_request_reviews: z.unknown().optional(),
  required_status_checks: z.unknown().optional(),
});

function isDemanding({ type }: z.infer<typeof Rules>[number]): boolean {
  return demanding.has(type);
}

/** github.com signs its merges by its web-flow key; an Enterprise server only where its administrator set that up. */
function signatureOf(apiUrl: string): ForgeRepository['mergeSignature'] {
  return /^https:\/\/api\.(?:github\.com|[a-z0-9-]+\.ghe\.com)$/.test(apiUrl) ? 'signed' : 'unknown';
}
