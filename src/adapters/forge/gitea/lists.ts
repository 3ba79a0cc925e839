/** Reading pull requests of Gitea: lists page by page, single ones, and what their mergeability really is. */
import { z } from 'zod';
import type { PullRequest } from '../../../domain/pull-request.ts';
import type { Log } from '../../../ports.ts';
import type { ForgeHttp } from '../http/http.ts';
import { shaped } from '../http/shape.ts';
import type { GiteaLabels } from './labels.ts';
import { isBehind, type MergeabilityWatch } from './mergeability.ts';
import { GiteaPullRequest, pullRequestOf } from './shapes.ts';

export interface GiteaClient {
  readonly http: ForgeHttp;
  /** `/repos/owner/name`, encoded. */
  readonly path: string;
  readonly base: string;
  readonly pageSize: number;
  readonly log: Pick<Log, 'warn'>;
  readonly labels: GiteaLabels;
  readonly mergeability: MergeabilityWatch;
  /** Whether the base's rule wants branches to stand on its newest commit. */
  readonly demandsNewest: () => Promise<boolean>;
}

/** Whoever closes one while we turn the page moves all others by one place: then the list is read again. */
export async function listOpen(client: GiteaClient): Promise<readonly GiteaPullRequest[]> {
  const { http, path, base, pageSize } = client;
  const purpose = 'list the open pull requests';
  const query = { state: 'open', base_branch: base, sort: 'oldest', limit: pageSize };
  for (let attempt = 1; ; attempt += 1) {
    const found = new Map<number, GiteaPullRequest>();
    const totals = new Set<unknown>();
    for await (const { headers, body } of http.pages(`${path}/pulls`, { purpose, query })) {
      totals.add(headers['x-total-count']);
      for (const one of shaped(http, purpose, z.array(GiteaPullRequest), body)) found.set(one.number, one);
    }
    if (totals.size <= 1 || attempt === 3) return [...found.values()].filter((one) => isOurs(one, client));
  }
}

export async function listClosed(client: GiteaClient, prefix: string, after: Date): Promise<readonly PullRequest[]> {
  const { http, path, base, pageSize } = client;
  const purpose = 'list the closed pull requests';
  const query = { state: 'closed', base_branch: base, sort: 'recentupdate', limit: pageSize };
  const found = new Map<number, GiteaPullRequest>();
  for await (const { body } of http.pages(`${path}/pulls`, { purpose, query })) {
    const page = shaped(http, purpose, z.array(GiteaPullRequest), body);
    for (const one of page) found.set(one.number, one);
    // What was not touched since was not closed since.
    if (page.some(({ updated_at }) => updated_at < after)) break;
  }
  const recent = [...found.values()].filter(
    (one) => isOurs(one, client) && one.head.label.startsWith(prefix) && (one.closed_at ?? one.updated_at) >= after,
  );
  const newestFirst = recent.sort((one, other) => other.updated_at.getTime() - one.updated_at.getTime());
  return newestFirst.map((one) => pullRequestOf(one, 'mergeable'));
}

/** Old versions do not heed `base_branch`; the base of a list of ours is told by its label. */
function isOurs({ head, base }: GiteaPullRequest, client: GiteaClient): boolean {
  return base.label === client.base && head.repo_id === base.repo_id;
}

export async function readOne({ http, path, base }: GiteaClient, number: number): Promise<GiteaPullRequest | null> {
  const purpose = `read pull request #${number}`;
  const { status, body } = await http.get(`${path}/pulls/${number}`, { purpose, accept: [404] });
  if (status === 404) return null;
  const found = shaped(http, purpose, GiteaPullRequest, body);
  return found.base.label === base ? found : null;
}

export async function shown(client: GiteaClient, found: GiteaPullRequest): Promise<PullRequest> {
  const demandsNewest = isBehind(found) && (await client.demandsNewest());
  return pullRequestOf(found, client.mergeability.of(found, demandsNewest));
}
