/** The project on GitLab: found once by its path, kept by its number, which outlives a new name. */
import { z } from 'zod';
import { asTowpathError, TowpathError } from '../../../domain/failure.ts';
import type { ForgeRepository, MergeMethod } from '../../../domain/pull-request.ts';
import { forgeFailure } from '../http/failure.ts';
import type { ForgeHttp } from '../http/http.ts';
import { shaped } from '../http/shape.ts';
import { Project } from './shapes.ts';

export interface GitlabProject {
  /** `/projects/7` */
  path(): Promise<string>;
  read(): Promise<Project>;
  /**
   * Asks below the project. One that is missing is looked for anew next time; a refusal that GitLab does not explain is
   * told as what it is where the project is archived, or has no merge requests.
   */
  ask<Answer>(call: (path: string) => Promise<Answer>): Promise<Answer>;
}

export function gitlabProject(http: ForgeHttp, repository: string): GitlabProject {
  let known: number | null = null;
  const read = async (): Promise<Project> => {
    const purpose = `read the project ${repository}`;
    const path = known === null ? encodeURIComponent(repository) : String(known);
    const { body } = await http.get(`/projects/${path}`, { purpose });
    const project = shaped(http, purpose, Project, body);
    known = project.id;
    return project;
  };
  const path = async (): Promise<string> => `/projects/${known ?? (await read()).id}`;
  const explained = async (error: unknown): Promise<unknown> => {
    const reason = asTowpathError(error)?.reason;
    if (reason === 'ForgeMissing') known = null;
    if (reason !== 'ForgeForbidden') return error;
    const { archived, merge_requests_access_level: mergeRequests } = await read();
    if (mergeRequests === 'disabled') return switchedOff(http, repository);
    if (!archived) return error;
    const about = { purpose: `change ${repository}`, server: http.server, status: 423, headers: {}, body: null };
    return forgeFailure({ ...about, isPage: false, now: new Date() });
  };
  return {
    path,
    read,
    ask: async (call) => {
      try {
        return await call(await path());
      } catch (error) {
        throw await explained(error);
      }
    },
  };
}

function switchedOff({ server }: ForgeHttp, repository: string): TowpathError {
  const words = `Cannot use merge requests of ${repository} at ${server}: the project has them switched off`;
  return new TowpathError('terminal', 'ForgeForbidden', `${words}; switch them on in its settings`);
}

export async function readRepository(http: ForgeHttp, project: GitlabProject, base: string): Promise<ForgeRepository> {
  const found = await project.read();
  const branch = await readBranch(http, found.id, base);
  const account = await accountOf(http);
  return {
    account: account?.username ?? null,
    defaultBranch: found.default_branch ?? base,
    archived: found.archived,
    mayPush: ((await accessLevel(http, found, account)) ?? 0) >= developer || branch?.can_push === true,
    mergeMethods: methodsOf(found),
    squash: squashOf(found),
    protected: branch === null ? null : branch.protected || found.only_allow_merge_if_pipeline_succeeds === true,
    // A self-managed GitLab signs only where it was given a key, and no answer tells.
    mergeSignature: 'unknown',
  };
}

/** What holds our commit's message, or the description, which ends with its trailers. */
const keepsTrailers = /%\{(?:all_commits|first_multiline_commit|first_multiline_commit_description|description)\}/;

function squashOf({ squash_commit_template: template }: Project): ForgeRepository['squash'] {
  if (keepsTrailers.test(template ?? ''))
    return { trailers: 'kept', how: 'its squash commit message template has them' };
  return { trailers: 'lost', how: 'put %{first_multiline_commit} into its squash commit message template' };
}

const Branch = z.object({ protected: z.boolean(), can_push: z.boolean() });

async function readBranch(http: ForgeHttp, id: number, base: string): Promise<z.infer<typeof Branch> | null> {
  const purpose = `read how "${base}" is protected`;
  const path = `/projects/${id}/repository/branches/${encodeURIComponent(base)}`;
  const { status, body } = await http.get(path, { purpose, accept: [403, 404] });
  return status >= 400 ? null : shaped(http, purpose, Branch, body);
}

const Account = z.object({ id: z.number().int(), username: z.string() });

async function accountOf(http: ForgeHttp): Promise<z.infer<typeof Account> | null> {
  const purpose = 'read whose token it is';
  const { status, body } = await http.get('/user', { purpose, accept: [403, 404] });
  return status >= 400 ? null : shaped(http, purpose, Account, body);
}

/** Enough for branches of our own; whether the base itself takes pushes is another question. */
const developer = 30;

/** A project tells of memberships in itself and its groups only, not of groups that were invited to it. */
async function accessLevel(
  http: ForgeHttp,
  { id, permissions }: Project,
  account: z.infer<typeof Account> | null,
): Promise<number | null> {
  const levels = [permissions?.project_access?.access_level, permissions?.group_access?.access_level];
  const known = levels.filter((level) => level !== undefined);
  if (known.length > 0 || account === null) return known.length > 0 ? Math.max(...known) : null;
  const purpose = `read what ${account.username} may do`;
  const { status, body } = await http.get(`/projects/${id}/members/all/${account.id}`, { purpose, accept: [403, 404] });
  return status >= 400 ? null : shaped(http, purpose, z.object({ access_level: z.number() }), body).access_level;
}

/** What a project's one merge method amounts to; squashing stands beside it. */
export function methodsOf({ merge_method, squash_option }: Project): readonly MergeMethod[] {
  const own: readonly MergeMethod[] = [merge_method === 'ff' ? 'rebase' : 'merge'];
  if (squash_option === 'always') return ['squash'];
  return squash_option === 'never' ? own : [...own, 'squash'];
}
