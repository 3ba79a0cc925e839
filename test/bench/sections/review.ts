/** Review: new deployments to open pull requests on a real Gitea, beside the same calls made bare. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Gitea, startGitea } from '../../e2e/harness/gitea.ts';
import type { GiteaRepository } from '../../e2e/harness/gitea-client.ts';
import { type BenchProcess, type ListenerOrder, startProcess } from '../loop/process.ts';
import { sendBare, takeMaterial } from '../review/bare.ts';
import { type BenchOptions, median, progress, rounded, type Section, type Table } from '../section.ts';

export const section: Section = { title: 'Review', run };

/** What the control plane says when it is ready. */
interface Door {
  readonly url: string;
  readonly apiKey: string;
  readonly listenerId: string;
}

interface Pair {
  readonly towpathMs: number;
  readonly bareMs: number;
}

const connections = 8;
const deadlineMs = 600_000;
const mostRatio = 1.3;

async function run({ quick }: BenchOptions): Promise<readonly Table[]> {
  const [count, pairs] = quick ? [10, 1] : [100, 3];
  const folder = mkdtempSync(join(tmpdir(), 'towpath-bench-review-'));
  const started: BenchProcess<unknown>[] = [];
  const gitea = await startGitea(progress);
  try {
    // The first is the warm-up, and what the bare calls send.
    const namespaces = Array.from({ length: pairs + 1 }, (_, index) => `team-${index}`);
    const repositories = new Map<string, GiteaRepository>();
    for (const namespace of namespaces) repositories.set(namespace, await gitea.makeRepository());
    const plane = await startProcess<Door>('control-plane.ts', [folder, ...namespaces]);
    started.push(plane);
    const { url, listenerId } = plane.said;
    const publication = { mode: 'proposed', forge: 'gitea' };
    const order: ListenerOrder = {
      ...{ folder, controlPlaneUrl: url, listenerId },
      git: { username: 'bot', password: gitea.users.bot.token },
      namespaces: Object.fromEntries(
        [...repositories].map(([name, { cloneUrl: repository }]) => [name, { repository, publication }]),
      ),
    };
    started.push(await startProcess('listener.ts', [JSON.stringify(order)]));
    return [await measure(gitea, plane.said, repositories, { count, pairs })];
  } finally {
    for (const one of started) one.kill();
    await gitea.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  gitea: Gitea,
  door: Door,
  repositories: ReadonlyMap<string, GiteaRepository>,
  { count, pairs }: { readonly count: number; readonly pairs: number },
): Promise<Table> {
  const [first, ...others] = [...repositories];
  if (!first) throw new Error('there is no repository');
  progress(`${count} pull requests to warm up, and for the bare calls to send`);
  await propose(gitea, door, first, count);
  const material = await takeMaterial(gitea, first[1]);
  const found: Pair[] = [];
  for (const [index, other] of others.entries()) {
    progress(`pair ${index + 1} of ${pairs}`);
    const target = await gitea.makeRepository();
    const bareFirst = index % 2 === 0 ? await sendBare(gitea, target, material) : null;
    const towpathMs = await propose(gitea, door, other, count);
    found.push({ towpathMs, bareMs: bareFirst ?? (await sendBare(gitea, target, material)) });
  }
  material.remove();
  return tableOf(found, count);
}

/** Milliseconds from the first creation in the control plane until all pull requests are open. */
async function propose(gitea: Gitea, door: Door, place: readonly [string, GiteaRepository], count: number) {
  const [namespace, repository] = place;
  const start = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < count) await create(door, `${namespace}-agent-${next++}`, namespace);
    }),
  );
  while ((await openPulls(gitea, repository)) < count) {
    if (performance.now() - start > deadlineMs) throw new Error(`Waited ${deadlineMs} ms in vain for ${namespace}`);
    await delay(100);
  }
  return performance.now() - start;
}

/** One cheap question: the repository itself counts them. */
async function openPulls(gitea: Gitea, { path }: GiteaRepository): Promise<number> {
  return ((await gitea.request('GET', path)) as { open_pr_counter: number }).open_pr_counter;
}

async function create({ url, apiKey, listenerId }: Door, name: string, namespace: string): Promise<void> {
  const response = await fetch(`${url}/v2/deployments`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      source: 'external_docker',
      source_config: {
        listener_id: listenerId,
        listener_config: { k8s_namespace: namespace },
        resource_spec: { min_scale: 1, max_scale: 1 },
      },
      source_revision_config: { image_uri: 'registry.example/agents/chat:1.0.0' },
      secrets: [],
    }),
  });
  if (!response.ok) throw new Error(`POST /v2/deployments: ${response.status} ${await response.text()}`);
}

function tableOf(pairs: readonly Pair[], count: number): Table {
  const ratio = median(pairs.map(({ towpathMs, bareMs }) => towpathMs / bareMs));
  return {
    title: `${count} new deployments to ${count} open pull requests on Gitea 1.26`,
    columns: ['pair', 'Towpath ms', 'the same calls bare, ms', 'ratio'],
    rows: pairs.map(({ towpathMs, bareMs }, index) => [
      index + 1,
      rounded(towpathMs),
      rounded(bareMs),
      rounded(towpathMs / bareMs),
    ]),
    notes: [
      'Towpath: from the first creation in the control plane until Gitea counts all pull requests, with rendering and validation.',
      'Bare: one native push of the very branches that Towpath made, then one call a pull request with the very texts, 4 side by side as Towpath does.',
      'All on one machine: Gitea, its Postgres, the control plane and the listener share its two cores.',
    ],
    goals: [
      {
        goal: `${count} new deployments to ${count} open pull requests: at most ${mostRatio} times the same calls made bare`,
        met: ratio <= mostRatio,
        found: `${rounded(ratio)} (median of ${pairs.length} pairs)`,
      },
    ],
  };
}
