/** The floor: branches and pull requests that are made already, sent bare: one native push, and one call a pull request. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gitea } from '../../e2e/harness/gitea.ts';
import type { GiteaRepository } from '../../e2e/harness/gitea-client.ts';

/** What one pull request of Towpath's held. */
interface Pull {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly { readonly name: string }[];
  readonly head: { readonly ref: string };
}

interface Material {
  readonly pulls: readonly Pull[];
  /** A bare clone with all branches. */
  readonly folder: string;
  remove(): void;
}

/** As many calls side by side as Towpath makes. */
const connections = 4;

/** All that Towpath has proposed in a repository. */
export async function takeMaterial(gitea: Gitea, repository: GiteaRepository): Promise<Material> {
  const pulls: Pull[] = [];
  for (let page = 1; ; page++) {
    const path = `${repository.path}/pulls?state=open&limit=50&page=${page}`;
    const found = (await gitea.request('GET', path)) as readonly Pull[];
    pulls.push(...found);
    if (found.length < 50) break;
  }
  const folder = mkdtempSync(join(tmpdir(), 'towpath-bench-bare-'));
  git('clone', '--quiet', '--bare', repository.cloneUrlOf(gitea.users.bot), folder);
  return { pulls, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Milliseconds from the push to the last answer. */
export async function sendBare(gitea: Gitea, target: GiteaRepository, { pulls, folder }: Material): Promise<number> {
  const { bot } = gitea.users;
  const url = target.cloneUrlOf(bot);
  git('-C', folder, 'push', '--quiet', '--force', url, 'refs/heads/main:refs/heads/main');
  const labels = await makeLabels(gitea, target, pulls);
  const start = performance.now();
  git('-C', folder, 'push', '--quiet', url, 'refs/heads/towpath/*:refs/heads/towpath/*');
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let pull = pulls[next++]; pull; pull = pulls[next++]) {
        const order = { head: pull.head.ref, base: 'main', title: pull.title, body: pull.body };
        const ids = pull.labels.map(({ name }) => labels.get(name));
        await gitea.request('POST', `${target.path}/pulls`, { ...order, labels: ids }, bot);
      }
    }),
  );
  return performance.now() - start;
}

async function makeLabels(gitea: Gitea, target: GiteaRepository, pulls: readonly Pull[]) {
  const names = [...new Set(pulls.flatMap(({ labels }) => labels.map(({ name }) => name)))];
  const ids = new Map<string, number>();
  for (const name of names) {
    const made = (await gitea.request('POST', `${target.path}/labels`, { name, color: '#888888' })) as { id: number };
    ids.set(name, made.id);
  }
  return ids;
}

function git(...args: readonly string[]): void {
  execFileSync('git', args, {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
  });
}
