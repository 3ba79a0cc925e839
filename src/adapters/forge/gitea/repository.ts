/** What a Gitea repository is, what may be done there, and who closed a pull request. */
import { z } from 'zod';
import { giteaSquashTemplate } from '../../../core/squash-template.ts';
import type { ForgeRepository, MergeMethod } from '../../../domain/pull-request.ts';
import { shaped } from '../http/shape.ts';
import { readBranch } from './approval.ts';
import type { GiteaClient } from './lists.ts';
import { type GiteaPullRequest, GiteaRepository, GiteaTimelineEntry, GiteaUser } from './shapes.ts';

type Client = Pick<GiteaClient, 'http' | 'path' | 'base' | 'pageSize'>;

export async function giteaRepository(client: Client): Promise<ForgeRepository> {
  const { http, path } = client;
  const purpose = 'read the repository';
  const found = shaped(http, purpose, GiteaRepository, (await http.get(path, { purpose })).body);
  const methods: readonly (readonly [MergeMethod, boolean])[] = [
    ['merge', found.allow_merge_commits],
    ['squash', found.allow_squash_merge],
    ['rebase', found.allow_rebase],
  ];
  return {
    account: await accountOf(client),
    defaultBranch: found.default_branch,
    archived: found.archived,
    mayPush: found.permissions?.push ?? false,
    mergeMethods: methods.flatMap(([method, isAllowed]) => (isAllowed ? [method] : [])),
    protected: (await readBranch(client))?.protected ?? null,
    squash: found.allow_squash_merge ? await squashOf(client, found.default_branch) : undefined,
    mergeSignature: await signatureOf(client),
  };
}

const GiteaFile = z.object({ content: z.string().nullish() });

/** Gitea and Forgejo take a template from the default branch; what the server itself is set to, no answer tells. */
async function squashOf({ http, path }: Client, branch: string): Promise<ForgeRepository['squash']> {
  const purpose = 'read the template for squash commits';
  for (const file of [giteaSquashTemplate.path, giteaSquashTemplate.path.replace('.gitea', '.forgejo')]) {
    const call = { purpose, accept: [403, 404], query: { ref: branch } };
    const { status, body } = await http.get(`${path}/contents/${file}`, call);
    if (status !== 200) continue;
    const template = Buffer.from(shaped(http, purpose, GiteaFile, body).content ?? '', 'base64').toString('utf8');
    if (/\$\{PullRequestDescription\}/.test(template)) return { trailers: 'kept', how: `${file} has them` };
  }
  const how = `add ${giteaSquashTemplate.path} to branch ${branch}, with \${PullRequestDescription} in it`;
  return { trailers: 'lost', how: `${how}, or set POPULATE_SQUASH_COMMENT_WITH_COMMIT_MESSAGES on the server` };
}

/** Gitea tells only its administrators what another user may see. */
export async function giteaUnknownUsers({ http }: Client, names: readonly string[]): Promise<readonly string[]> {
  const unknown: string[] = [];
  for (const name of names) {
    const purpose = `find the user ${name}`;
    const { status } = await http.get(`/users/${encodeURIComponent(name)}`, { purpose, accept: [403, 404] });
    if (status === 404) unknown.push(name);
  }
  return unknown;
}

/** Null: a token need not have the scope that tells. */
async function accountOf({ http }: Client): Promise<string | null> {
  const purpose = 'ask whose token it is';
  const { status, body } = await http.get('/user', { purpose, accept: [403] });
  return status === 200 ? shaped(http, purpose, GiteaUser, body).login : null;
}

/** A key alone does not say that merges are signed: the conditions for that are the administrator's. */
async function signatureOf({ http, path }: Client): Promise<'unsigned' | 'unknown'> {
  const purpose = 'read the key that the forge signs with';
  for (const name of ['signing-key.gpg', 'signing-key.pub']) {
    const { status, body } = await http.get(`${path}/${name}`, { purpose, as: 'text', accept: [403, 404] });
    if (status === 200 && typeof body === 'string' && body.trim() !== '') return 'unknown';
  }
  return 'unsigned';
}

/** A merge names its author; a closing is an entry of the timeline, the last of which counts. */
export async function giteaClosedBy(
  { http, path, pageSize }: Client,
  number: number,
  read: () => Promise<GiteaPullRequest | null>,
): Promise<string | null> {
  const found = await read();
  if (found === null || found.state === 'open') return null;
  if (found.merged_by) return found.merged_by.login;
  const purpose = `ask who closed pull request #${number}`;
  const since = new Date((found.closed_at ?? found.updated_at).getTime() - 1_000).toISOString();
  let closedBy: string | null = null;
  for (let page = 1; page <= 100; page += 1) {
    const query = { since, page, limit: pageSize };
    const { body } = await http.get(`${path}/issues/${number}/timeline`, { purpose, query });
    const entries = shaped(http, purpose, z.array(GiteaTimelineEntry).nullable(), body) ?? [];
    for (const { type, user } of entries) if (type === 'close') closedBy = user?.login ?? null;
    if (entries.length === 0) break;
  }
  return closedBy;
}
