/** Branches on GitHub, moved by its API: several at once, each only where it still is what it was. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { plainLine } from '../../../core/plain-line.ts';
import { asTowpathError } from '../../../domain/failure.ts';
import { CommitId } from '../../../domain/identifiers.ts';
import { shaped } from '../http/shape.ts';
import type { GithubHttp } from './http.ts';

interface GithubRefsSettings {
  readonly http: GithubHttp;
  /** `owner/name`. */
  readonly repository: string;
}

/** All of it was done, or nothing. */
export type RefsOutcome = { readonly kind: 'done' } | ({ readonly kind: 'refused' } & Refusal);

export interface RefUpdate {
  readonly branch: string;
  /** Where it must be; null: it must not be there; undefined: wherever it is. */
  readonly from: CommitId | null | undefined;
  /** Null takes it away. */
  readonly to: CommitId | null;
  readonly force: boolean;
}

export type Refusal = { readonly class: 'denied' | 'policy'; readonly message: string };

export interface GithubRefs {
  /** What GraphQL knows the repository by: that it was renamed is told to REST alone, and one made anew has another id. */
  present(purpose: string): Promise<{ readonly id: string; readonly name: string }>;
  /** Null: there is no such branch. */
  tip(branch: string): Promise<CommitId | null>;
  /** An unclear answer is cleared up by looking where the branches are that are not temporary. */
  update(updates: readonly RefUpdate[], purpose: string): Promise<RefsOutcome>;
  /** Makes a merge commit of both on the branch; null where they conflict. */
  mergeInto(branch: string, tip: CommitId, message: string): Promise<CommitId | null>;
  /** Files that both have changed since they parted. */
  changedByBoth(one: CommitId, other: CommitId): Promise<readonly string[]>;
  /** Branches that stand in the way: a folder's name cannot be a branch's. */
  inTheWay(branch: string): Promise<readonly string[]>;
  /** Best effort: what cannot be taken away now is written over later. */
  discard(branches: readonly string[]): Promise<void>;
}

const nothing = '0'.repeat(40);

const updateMutation = `
mutation($input: UpdateRefsInput!) {
  updateRefs(input: $input) { clientMutationId }
}`;

export function githubRefs({ http, repository }: GithubRefsSettings): GithubRefs {
  const at = `/repos/${repository}`;
  const tip = async (branch: string): Promise<CommitId | null> => {
    const purpose = `read branch "${branch}" of ${repository}`;
    const { status, body } = await http.get(`${at}/git/ref/heads/${pathOf(branch)}`, { purpose, accept: [404, 409] });
    // 409: the repository is empty.
    return status >= 400 ? null : shaped(http, purpose, Reference, body).object.sha;
  };
  const changed = async (base: CommitId, head: CommitId): Promise<readonly string[]> => {
    const purpose = `compare two commits of ${repository}`;
    const { body } = await http.get(`${at}/compare/${base}...${head}`, { purpose });
    return shaped(http, purpose, Comparison, body).files.map(({ filename }) => filename);
  };
  // Asked each time, by its ETag.
  const present: GithubRefs['present'] = async (purpose) => {
    const found = shaped(http, purpose, Identified, (await http.get(at, { purpose })).body);
    return { id: found.node_id, name: found.full_name };
  };
  const send = async (updates: readonly RefUpdate[], purpose: string): Promise<RefsOutcome> => {
    const { id: repositoryId } = await present(purpose);
    const variables = { input: { repositoryId, refUpdates: updates.map(refUpdateOf) } };
    const answer = await http.graphql({ query: updateMutation, variables, purpose, makesContent: true });
    return answer.kind === 'data' ? { kind: 'done' } : { kind: 'refused', ...refusalOf(answer.message) };
  };
  return {
    present,
    tip,
    update: (updates, purpose) =>
      clearly(
        () => send(updates, purpose),
        () => whereTheyAre(tip, updates),
      ),
    mergeInto: async (branch, tip, message) => {
      const purpose = `merge ${tip.slice(0, 8)} in ${repository}`;
      const wish = { base: branch, head: tip, commit_message: message };
      const { status, body } = await http.post(`${at}/merges`, wish, { purpose, accept: [409] });
      return status === 409 ? null : shaped(http, purpose, Merged, body).sha;
    },
    changedByBoth: async (one, other) => {
      const [theirs, ours] = [await changed(one, other), await changed(other, one)];
      return theirs.filter((path) => ours.includes(path));
    },
    inTheWay: (branch) => inTheWay({ http, repository }, branch),
    discard: (branches) => discardAll({ http, repository }, branches),
  };
}

async function inTheWay({ http, repository }: GithubRefsSettings, branch: string): Promise<readonly string[]> {
  const purpose = `list the branches of ${repository}`;
  const [first = ''] = branch.split('/');
  const path = `/repos/${repository}/git/matching-refs/heads/${encodeURIComponent(first)}`;
  const { body } = await http.get(path, { purpose });
  const names = shaped(http, purpose, References, body).map(({ ref }) => ref.replace(/^refs\/heads\//, ''));
  return names.filter((name) => branch.startsWith(`${name}/`) || name.startsWith(`${branch}/`));
}

async function discardAll({ http, repository }: GithubRefsSettings, branches: readonly string[]): Promise<void> {
  const purpose = `take a temporary branch of ${repository} away`;
  for (const branch of branches) {
    const path = `/repos/${repository}/git/refs/heads/${pathOf(branch)}`;
    await http.delete(path, { purpose, accept: [403, 404, 409, 422] }).catch(() => undefined);
  }
}

function refUpdateOf({ branch, from, to, force }: RefUpdate) {
  const name = `refs/heads/${branch}`;
  return { name, afterOid: to ?? nothing, force, ...(from === undefined ? {} : { beforeOid: from ?? nothing }) };
}

/** Null: nothing has happened yet. What may be anywhere is nobody else's, and does not matter. */
async function whereTheyAre(tip: GithubRefs['tip'], updates: readonly RefUpdate[]): Promise<RefsOutcome | null> {
  const states = new Set<'done' | 'waits' | 'moved'>();
  for (const { branch, from, to } of updates) {
    if (from === undefined) continue;
    const now = await tip(branch);
    states.add(now === to ? 'done' : now === from ? 'waits' : 'moved');
  }
  if (states.has('moved'))
    return { kind: 'refused', class: 'denied', message: 'somebody else moved a branch meanwhile' };
  return states.has('done') && !states.has('waits') ? { kind: 'done' } : null;
}

function pathOf(branch: string): string {
  return branch.split('/').map(encodeURIComponent).join('/');
}

const Reference = z.object({ object: z.object({ sha: CommitId }) });
const Identified = z.object({ node_id: z.string(), full_name: z.string() });
const Comparison = z.object({ files: z.array(z.object({ filename: z.string() })).default([]) });
const Merged = z.object({ sha: CommitId });
const References = z.array(z.object({ ref: z.string() }));

/** Rules, classic protection and hooks; all else is said of the refs themselves. */
export function refusalOf(message: string): Refusal {
  const isPolicy = /rule violation|protected branch|branch protection|must be made through|GH0\d\d|hook declined/i;
  return { class: isPolicy.test(message) ? 'policy' : 'denied', message: plainLine(message, 500) };
}

const mostTries = 3;
const firstPauseMs = 200;

/** Where no clear answer came, `settled` looks what became of it; null: nothing, so it is asked for once more. */
export async function clearly<Outcome>(
  act: () => Promise<Outcome>,
  settled: () => Promise<Outcome | null>,
): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (asTowpathError(error)?.reason !== 'ForgeUnreachable') throw error;
      const found = await settled();
      if (found !== null) return found;
      if (attempt >= mostTries) throw error;
      await pause(firstPauseMs * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}
