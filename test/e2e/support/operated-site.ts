/** Commands that operators run on a site under review, each a process of its own, and what they answer. */
import { once } from 'node:events';
import { expect } from 'vitest';
import { runTowpath, startTowpath } from '../../support/command-line.ts';
import type { Pull } from './gitea-people.ts';
import type { ReviewSite } from './review-site.ts';

const grace = { GIT_AUTHOR_NAME: 'Grace', GIT_AUTHOR_EMAIL: 'grace@example.com' };
const everywhere = ({ namespace, configuration }: ReviewSite) => ['-n', namespace, '--config', configuration];

export const run = (site: ReviewSite, ...words: readonly string[]) =>
  runTowpath([...words, ...everywhere(site)], { env: grace });

/** What the command says with `--json`; it must say nothing else. */
export async function told(site: ReviewSite, ...words: readonly string[]) {
  const { stdout, stderr } = await run(site, ...words, '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

export const holds = async (site: ReviewSite) => (await told(site, 'hold', 'list')).namespaces[0].holds;
export const act = (site: ReviewSite, ...words: readonly string[]) => told(site, ...words, '--yes');
export const proposedBy = ({ number, html_url }: Pull) =>
  expect.objectContaining({ commit: null, pullRequest: { number, url: html_url } });

/** Proposed, merged, and said to be deployed. */
export async function deployed(site: ReviewSite, name: string, more = {}): Promise<string> {
  const id = await site.create(name, '1.0.0', more);
  await site.people.merge(await site.people.openOf(name), 'squash', true);
  await site.reaches(id, 'DEPLOYED');
  return id;
}

/** A whole pass, which sees all that is there: what it proposes is waited for, and closed again. */
export async function lookAgain(site: ReviewSite): Promise<void> {
  const name = `beside-${(await site.people.pulls()).length}`;
  const id = await site.create(name, '1.0.0');
  await site.told(id, 'InReview');
  await site.people.close(await site.people.openOf(name));
}

/** Without what differs between two commits of the same content. */
export const contents = (tree: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !path.endsWith('/PROVENANCE')));

/** Right before this request of the command's goes through, its user presses Ctrl-C; `meanwhile` runs before it does. */
export async function interrupted(
  site: ReviewSite,
  moment: RegExp,
  words: readonly string[],
  meanwhile: () => Promise<unknown> = async () => undefined,
): Promise<NodeJS.Signals | null> {
  let signal: NodeJS.Signals | null = null;
  const reached = site.gate.before(moment, async () => {
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    [, signal] = (await ended) as [unknown, NodeJS.Signals | null];
    await meanwhile();
  });
  const child = startTowpath([...words, ...everywhere(site), '--yes'], { env: grace });
  await reached;
  return signal;
}
