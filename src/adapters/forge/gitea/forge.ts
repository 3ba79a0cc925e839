/** Pull requests on Gitea and Forgejo, by their API v1. */
import type { Forge, Log } from '../../../ports.ts';
import type { ForgeHttp } from '../http/http.ts';
import { shaped } from '../http/shape.ts';
import { giteaApproval, readBranch } from './approval.ts';
import { giteaLabels } from './labels.ts';
import { type GiteaClient, listClosed, listOpen, readOne, shown } from './lists.ts';
import { giteaAutoMerge, giteaMarkMerged } from './merge.ts';
import { mergeabilityWatch } from './mergeability.ts';
import { giteaClosedBy, giteaRepository, giteaUnknownUsers } from './repository.ts';
import { GiteaProtection } from './shapes.ts';
import { createOne, updateOne } from './write.ts';

export interface GiteaForgeSettings {
  readonly http: ForgeHttp;
  /** `owner/name`. */
  readonly repository: string;
  readonly base: string;
  readonly log: Pick<Log, 'warn'>;
  readonly now?: (() => Date) | undefined;
  /** 50 where absent, the most that Gitea gives by default. */
  readonly pageSize?: number | undefined;
}

export function giteaForge(settings: GiteaForgeSettings): Forge {
  const client = clientOf(settings);
  const { http } = client;
  return {
    kind: 'gitea',
    open: async (prefix) => {
      const found = (await listOpen(client)).filter(({ head }) => head.label.startsWith(prefix));
      return Promise.all(found.map((one) => shown(client, one)));
    },
    closed: (prefix, after) => listClosed(client, prefix, after),
    read: async (number) => {
      const found = await readOne(client, number);
      return found && shown(client, found);
    },
    closedBy: (number) => giteaClosedBy(client, number, () => readOne(client, number)),
    create: (request) => createOne(client, request),
    update: (number, content) => updateOne(client, number, content),
    close: async (number, body) => {
      const purpose = `close pull request #${number}`;
      await http.patch(`${client.path}/pulls/${number}`, { state: 'closed', body }, { purpose });
    },
    autoMerge: (...order) => giteaAutoMerge(client, ...order),
    approval: (pullRequest) => giteaApproval(client, pullRequest),
    markMerged: ({ number }, commit) => giteaMarkMerged(client, number, commit),
    repository: () => giteaRepository(client),
    unknownReviewers: (names) => giteaUnknownUsers(client, names),
    budgets: () => http.budgets(),
    dispose: () => http.dispose(),
  };
}

function clientOf({
  http,
  repository,
  base,
  log,
  now = () => new Date(),
  pageSize = 50,
}: GiteaForgeSettings): GiteaClient {
  const [owner = '', name = ''] = repository.split('/').map(encodeURIComponent);
  const path = `/repos/${owner}/${name}`;
  const common = { http, path, base, pageSize, log };
  return {
    ...common,
    labels: giteaLabels({ ...common, organisation: `/orgs/${owner}` }),
    mergeability: mergeabilityWatch(now),
    demandsNewest: remembered(() => readDemand(common), now),
  };
}

/** Rules change seldom: what they say is asked for again after five minutes, or after it could not be asked. */
function remembered(ask: () => Promise<boolean>, now: () => Date): () => Promise<boolean> {
  let known: { readonly answer: Promise<boolean>; readonly untilMs: number } | null = null;
  return () => {
    if (known === null || now().getTime() >= known.untilMs) {
      const answer = ask();
      known = { answer, untilMs: now().getTime() + 300_000 };
      answer.catch(() => {
        known = null;
      });
    }
    return known.answer;
  };
}

/** Only administrators may read a rule; to others Gitea tells it when somebody merges. */
async function readDemand(client: Pick<GiteaClient, 'http' | 'path' | 'base'>): Promise<boolean> {
  const rule = (await readBranch(client))?.effective_branch_protection_name ?? '';
  if (rule === '') return false;
  const purpose = `read the rule of ${client.base}`;
  const place = `${client.path}/branch_protections/${encodeURIComponent(rule)}`;
  const { status, body } = await client.http.get(place, { purpose, accept: [403, 404] });
  return status === 200 && shaped(client.http, purpose, GiteaProtection, body).block_on_outdated_branch;
}
