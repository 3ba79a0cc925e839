/** What pipelines and others say of a merge request's head commit on GitLab. */
import type { CommitId } from '../../../domain/identifiers.ts';
import { shaped } from '../http/shape.ts';
import type { GitlabContext } from './gitlab-context.ts';
import { type HeadPipeline, type Status, Statuses } from './shapes.ts';

export interface Checks {
  readonly failed: readonly string[];
  readonly running: readonly string[];
}

export async function checksOf(context: GitlabContext, path: string, commit: CommitId): Promise<Checks> {
  const [failed, running]: [string[], string[]] = [[], []];
  for (const { name, status, allow_failure } of await newestOfEach(context, path, commit)) {
    if (allow_failure === true || isGood(status)) continue;
    (isBad(status) ? failed : running).push(name);
  }
  return { failed, running };
}

/** A pipeline that somebody starts anew does not take the place of the one before: GitLab tells the jobs of both. */
async function newestOfEach(
  { http, repository }: GitlabContext,
  path: string,
  commit: CommitId,
): Promise<readonly Status[]> {
  const purpose = `read the pipelines of ${commit} in ${repository}`;
  const found = new Map<string, Status>();
  const call = { purpose, query: { per_page: 100 } };
  for await (const { body } of http.pages(`${path}/repository/commits/${commit}/statuses`, call)) {
    for (const one of shaped(http, purpose, Statuses, body)) {
      if (one.id >= (found.get(one.name)?.id ?? 0)) found.set(one.name, one);
    }
  }
  return [...found.values()];
}

/**
 * The pipeline as a whole: one whose file has a fault has no jobs, and one of the merged result, or of a merge train,
 * belongs to a commit that GitLab has made of the head and its base, so that its jobs are not told with the head's.
 */
export function pipelineCheck(
  pipeline: HeadPipeline | null | undefined,
  { commit, since }: { readonly commit: CommitId; readonly since: Date },
): Checks {
  const [name, none] = ['the pipeline', { failed: [], running: [] }];
  if (!pipeline) return none;
  const isOfResult = /^refs\/merge-requests\/\d+\/(?:merge|train)$/.test(pipeline.ref);
  if (pipeline.sha !== commit && !isOfResult) return none;
  if (isOfResult && new Date(pipeline.created_at) < since)
    return { ...none, running: [`${name} of the newest commit`] };
  if (isGood(pipeline.status)) return none;
  return isBad(pipeline.status) ? { ...none, failed: [name] } : { ...none, running: [name] };
}

function isGood(status: string): boolean {
  return status === 'success' || status === 'skipped';
}

function isBad(status: string): boolean {
  return status === 'failed' || status === 'canceled';
}
