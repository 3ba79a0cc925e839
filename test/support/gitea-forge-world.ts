/** A fresh repository on a real Gitea as the forge's contract suite needs it, with a spoiler in front of the API. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { giteaForge } from '../../src/adapters/forge/gitea/forge.ts';
import { forgeHttp } from '../../src/adapters/forge/http/http.ts';
import type { CommitId } from '../../src/domain/identifiers.ts';
import { type FaultProxy, type SpokenFaults, startFaultProxy } from '../contract/forge-faults.ts';
import type { ForgeReviewer, ForgeWorld } from '../contract/forge-world.ts';
import type { Gitea } from '../e2e/harness/gitea.ts';
import type { GiteaRepository } from '../e2e/harness/gitea-client.ts';
import { memoryLog } from './memory-log.ts';
import { nativeGit } from './native-git.ts';

export interface GiteaForgeWorld extends ForgeWorld {
  readonly repository: GiteaRepository;
  /** All that the adapter asked, as `GET /api/v1/…`. */
  readonly requests: readonly string[];
  /** Warnings of the adapter. */
  readonly log: ReturnType<typeof memoryLog>;
}

const spoken: SpokenFaults = {
  unauthorized: { status: 401, body: { message: 'invalid username, password or token', url: '' } },
  forbidden: {
    status: 403,
    body: {
      message:
        'token does not have at least one of required scope(s), required=[read:repository], token scope=read:user',
    },
  },
  missing: { status: 404, body: { errors: null, message: 'not found', url: '' } },
  // Gitea has no limit of its own: this is a proxy's in front of it.
  'rate limit': { status: 429, headers: { 'retry-after': '30' }, body: { message: 'Too Many Requests' } },
};

interface Options {
  /** Instead of the bot's own. */
  readonly token?: string;
  readonly repository?: GiteaRepository;
  readonly base?: string;
}

export async function giteaForgeWorld(gitea: Gitea, options: Options = {}): Promise<GiteaForgeWorld> {
  const repository = options.repository ?? (await gitea.makeRepository());
  await gitea.request('PATCH', repository.path, { allow_manual_merge: true });
  const proxy = await startFaultProxy(gitea.url, spoken);
  const log = memoryLog();
  const token = options.token ?? gitea.users.bot.token;
  const http = forgeHttp({ apiUrl: `${proxy.url}/api/v1`, token: async () => token, timeoutMs: 20_000 });
  const forge = giteaForge({ http, repository: repository.name, base: options.base ?? 'main', log, pageSize: 2 });
  const people = peopleOf(gitea, repository);
  return {
    forge,
    repository,
    requests: proxy.requests,
    log,
    ...people,
    reviewer: reviewerOf(gitea, repository),
    fault: proxy.fault,
    close: () => closeAll(forge.dispose, proxy),
  };
}

async function closeAll(dispose: () => Promise<void>, proxy: FaultProxy): Promise<void> {
  await dispose();
  await proxy.close();
}

type People = Pick<
  ForgeWorld,
  'branch' | 'push' | 'fastForward' | 'baseHead' | 'baseMessage' | 'openElsewhere' | 'check' | 'archive' | 'protect'
>;

let files = 0;

function peopleOf(gitea: Gitea, repository: GiteaRepository): People {
  const { path } = repository;
  const { bot } = gitea.users;
  return {
    branch: async (name) => {
      await gitea.request('DELETE', `${path}/branches/${name}`).catch(() => undefined);
      return commitTo(gitea, path, { branch: 'main', new_branch: name });
    },
    push: (branch) => commitTo(gitea, path, { branch }),
    fastForward: (branch) => fastForward(repository.cloneUrlOf(bot), branch),
    baseHead: () => headOf(gitea, path, 'main'),
    baseMessage: async () => {
      const answer = await gitea.request('GET', `${path}/git/commits/${await headOf(gitea, path, 'main')}`);
      return (answer as { readonly commit: { readonly message: string } }).commit.message;
    },
    openElsewhere: (where, head) => (where === 'a fork' ? fromFork(gitea, path, head) : ontoRelease(gitea, path, head)),
    check: async (commit, state) => {
      await gitea.request('POST', `${path}/statuses/${commit}`, { context: 'ci/test', state });
    },
    archive: async () => {
      await gitea.request('PATCH', path, { archived: true });
    },
    protect: () => repository.protect({ required_approvals: 1, dismiss_stale_approvals: true }),
  };
}

/** Forks need a repository that their owner may read: the reviewer may. */
async function fromFork(gitea: Gitea, path: string, head: string): Promise<void> {
  const { reviewer } = gitea.users;
  const fork = (await gitea.request('POST', `${path}/forks`, { name: `fork-${files++}` }, reviewer)) as {
    readonly full_name: string;
  };
  await commitTo(gitea, `/repos/${fork.full_name}`, { branch: 'main', new_branch: head });
  const order = { head: `${reviewer.name}:${head}`, base: 'main', title: 'from a fork' };
  await gitea.request('POST', `${path}/pulls`, order, reviewer);
}

async function ontoRelease(gitea: Gitea, path: string, head: string): Promise<void> {
  await gitea.request('POST', `${path}/branches`, { new_branch_name: 'release', old_branch_name: 'main' });
  await commitTo(gitea, path, { branch: 'main', new_branch: head });
  await gitea.request('POST', `${path}/pulls`, { head, base: 'release', title: 'onto another base' });
}

async function commitTo(gitea: Gitea, path: string, where: object): Promise<CommitId> {
  const content = Buffer.from(`${files}\n`).toString('base64');
  const order = { ...where, content, message: 'Change something' };
  const answer = await gitea.request('POST', `${path}/contents/file-${files++}`, order);
  return (answer as { readonly commit: { readonly sha: CommitId } }).commit.sha;
}

async function headOf(gitea: Gitea, path: string, branch: string): Promise<CommitId> {
  const answer = await gitea.request('GET', `${path}/branches/${branch}`);
  return (answer as { readonly commit: { readonly id: CommitId } }).commit.id;
}

async function fastForward(url: string, branch: string): Promise<CommitId> {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-gitea-'));
  try {
    await nativeGit(['init', '--quiet', '--bare', folder]);
    await nativeGit(['-C', folder, 'fetch', '--quiet', url, `refs/heads/${branch}`]);
    const tip = (await nativeGit(['-C', folder, 'rev-parse', 'FETCH_HEAD'])).trim() as CommitId;
    await nativeGit(['-C', folder, 'push', '--quiet', url, `${tip}:refs/heads/main`]);
    return tip;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function reviewerOf(gitea: Gitea, { path }: GiteaRepository): ForgeReviewer {
  const { reviewer } = gitea.users;
  const ask = (method: string, below: string, body: unknown): Promise<unknown> =>
    gitea.request(method, `${path}${below}`, body, reviewer);
  const review = async (number: number, event: string): Promise<void> => {
    await ask('POST', `/pulls/${number}/reviews`, { event, body: 'looked at' });
  };
  return {
    name: reviewer.name,
    merge: async (number, method) => {
      await untilMergeable(() => ask('POST', `/pulls/${number}/merge`, { Do: method }));
      return headOf(gitea, path, 'main');
    },
    close: async (number) => {
      await ask('PATCH', `/pulls/${number}`, { state: 'closed' });
    },
    reopen: async (number) => {
      await ask('PATCH', `/pulls/${number}`, { state: 'open' });
    },
    approve: (number) => review(number, 'APPROVED'),
    requestChanges: (number) => review(number, 'REQUEST_CHANGES'),
    label: async (number, name) => {
      const label = (await ask('POST', '/labels', { name, color: '#123456' })) as { readonly id: number };
      await ask('POST', `/issues/${number}/labels`, { labels: [label.id] });
    },
  };
}

/** A person would press the button again. */
async function untilMergeable(merge: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await merge();
      return;
    } catch (error) {
      if (attempt === 50 || !/try again later|out of date/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
