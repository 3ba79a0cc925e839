/** What reviewers and checks say of a pull request's head on Gitea, held against what its base demands. */
import { z } from 'zod';
import type { Approval, PullRequest } from '../../../domain/pull-request.ts';
import type { ForgeHttp } from '../http/http.ts';
import { shaped } from '../http/shape.ts';
import { globPattern } from './glob.ts';
import { GiteaBranch, GiteaReview, GiteaStatus } from './shapes.ts';

interface Surroundings {
  readonly http: ForgeHttp;
  readonly path: string;
  readonly base: string;
  readonly pageSize: number;
}

export async function giteaApproval(surroundings: Surroundings, pullRequest: PullRequest): Promise<Approval> {
  const reviews = await readReviews(surroundings, pullRequest.number);
  const { approvedBy, refusedBy } = votesOf(reviews, pullRequest.headCommit);
  const branch = await readBranch(surroundings);
  const checks = await readChecks(surroundings, pullRequest.headCommit);
  const refusal = refusalOf(refusedBy, checks);
  if (refusal !== null) return { kind: 'refused', by: approvedBy, why: refusal };
  const want = wantOf(approvedBy, branch, checks);
  return want === null ? { kind: 'approved', by: approvedBy } : { kind: 'pending', by: approvedBy, why: want };
}

export async function readReviews(
  { http, path, pageSize }: Omit<Surroundings, 'base'>,
  number: number,
): Promise<readonly GiteaReview[]> {
  const purpose = `read the reviews of pull request #${number}`;
  const reviews: GiteaReview[] = [];
  for await (const { body } of http.pages(`${path}/pulls/${number}/reviews`, { purpose, query: { limit: pageSize } })) {
    reviews.push(...shaped(http, purpose, z.array(GiteaReview), body ?? []));
  }
  return reviews;
}

/** The rules of the base; null where it is not there, or these credentials may not see it. */
export async function readBranch({ http, path, base }: Omit<Surroundings, 'pageSize'>): Promise<GiteaBranch | null> {
  const purpose = `read the branch ${base}`;
  const name = base.split('/').map(encodeURIComponent).join('/');
  const { status, body } = await http.get(`${path}/branches/${name}`, { purpose, accept: [403, 404] });
  return status === 200 ? shaped(http, purpose, GiteaBranch, body) : null;
}

/**
 * The last word of each reviewer counts. Official is who may write, or whom the base's rule names: on a public repository
 * anybody may press "approve". A request for changes stands until it is taken back, whatever was pushed since.
 */
function votesOf(reviews: readonly GiteaReview[], headCommit: string) {
  const words = reviews.filter(
    ({ state, official, dismissed }) => official && !dismissed && ['APPROVED', 'REQUEST_CHANGES'].includes(state),
  );
  const last = [...new Map(words.flatMap((review) => (review.user ? [[review.user.login, review]] : []))).entries()];
  const by = (test: (review: GiteaReview) => boolean): readonly string[] =>
    last.filter(([, review]) => test(review)).map(([login]) => login);
  return {
    approvedBy: by(({ state, commit_id }) => state === 'APPROVED' && commit_id === headCommit),
    refusedBy: by(({ state }) => state === 'REQUEST_CHANGES'),
  };
}

type Check = { readonly context: string; readonly status: string };

/** The newest of each name. They come by pages, which old versions do not link to each other. */
async function readChecks({ http, path, pageSize }: Surroundings, commit: string): Promise<readonly Check[]> {
  const purpose = `read the checks of ${commit.slice(0, 12)}`;
  const checks: Check[] = [];
  for (let page = 1; page <= 100; page += 1) {
    const query = { page, limit: pageSize };
    const { headers, body } = await http.get(`${path}/commits/${commit}/status`, { purpose, query });
    const { statuses } = shaped(http, purpose, GiteaStatus, body);
    checks.push(...statuses);
    if (statuses.length === 0 || checks.length >= Number(headers['x-total-count'])) break;
  }
  return checks;
}

function refusalOf(refusedBy: readonly string[], checks: readonly Check[]): string | null {
  if (refusedBy.length > 0) return `changes requested by ${refusedBy.join(', ')}`;
  const failed = checks.filter(({ status }) => status === 'failure' || status === 'error');
  return failed.length > 0 ? `failed: ${failed.map(({ context }) => context).join(', ')}` : null;
}

function wantOf(approvedBy: readonly string[], branch: GiteaBranch | null, checks: readonly Check[]): string | null {
  const running = checks.filter(({ status }) => status === 'pending').map(({ context }) => context);
  if (running.length > 0) return `still running: ${running.join(', ')}`;
  const missing = branch?.enable_status_check
    ? branch.status_check_contexts.filter((name) => !isMet(name, checks))
    : [];
  if (missing.length > 0) return `not run yet: ${missing.join(', ')}`;
  const wanted = Math.max(branch?.required_approvals ?? 0, 1);
  if (approvedBy.length >= wanted) return null;
  return wanted === 1 ? 'nobody has approved it yet' : `${approvedBy.length} of ${wanted} approvals`;
}

function isMet(required: string, checks: readonly Check[]): boolean {
  const pattern = globPattern(required);
  return pattern === null || checks.some(({ context }) => pattern.test(context));
}
