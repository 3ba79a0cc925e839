/** What goes wrong between a listener and its forge: killed processes, revoked tokens, rules, and people who are faster. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlaneProcess, startControlPlaneProcess } from '../support/control-plane-process.ts';
import { type Gitea, startGitea } from './harness/gitea.ts';
import { gitPush, opening } from './support/gate.ts';
import { openReviewSite, type ReviewSite, type ReviewSiteOptions } from './support/review-site.ts';

let gitea: Gitea;
let plane: ControlPlaneProcess;

beforeAll(async () => {
  [gitea, plane] = await Promise.all([startGitea(), startControlPlaneProcess()]);
}, 900_000);
afterAll(async () => {
  await Promise.all([gitea?.stop(), plane?.end('SIGTERM')]);
});

type Options = Partial<Omit<ReviewSiteOptions, 'gitea' | 'plane'>>;
const open = (options: Options = {}): Promise<ReviewSite> => openReviewSite({ gitea, plane, ...options });

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `agent-${index + 1}`);

/** Creates them all at once; answers their ids. */
const createAll = (site: ReviewSite, count: number): Promise<readonly string[]> =>
  Promise.all(names(count).map((name) => site.create(name, '1.0.0')));

/** All wait for review, each with one pull request of its own that holds the base and one commit. */
async function expectOneEach(site: ReviewSite, ids: readonly string[]): Promise<void> {
  const links = await Promise.all(ids.map(async (id) => (await site.told(id, 'InReview')).towpath.pull_request));
  const pulls = await site.people.pulls('all');
  expect(pulls.map(({ html_url }) => html_url).sort()).toEqual(links.toSorted());
  expect(pulls.filter(({ state }) => state !== 'open')).toEqual([]);
  expect(new Set(pulls.map(({ head }) => head.label)).size).toBe(ids.length);
  for (const { head } of pulls) expect([head.label, await site.people.ahead(head.label)]).toEqual([head.label, 1]);
}

describe('killed in the middle of a burst', () => {
  it('a listener goes on where the last one was, and opens nothing twice', async () => {
    const site = await open({ listen: false });
    const ids = await createAll(site, 20);

    for (const [moment, nth] of [
      [gitPush, 1],
      [opening, 1],
      [opening, 6],
      [opening, 9],
    ] as const) {
      const killed = site.gate.before(moment, () => site.end('SIGKILL'), nth);
      await site.start();
      await killed;
    }
    await site.start();

    await expectOneEach(site, ids);
  });

  it('a forge that comes back is told the rest, and nothing twice', async () => {
    const site = await open({ listen: false });
    const ids = await createAll(site, 20);
    const killed = site.gate.before(opening, gitea.kill, 7);
    await site.start();
    await killed;
    await gitea.start();
    const again = site.gate.before(opening, gitea.kill, 3);
    await again;
    await gitea.start();

    await expectOneEach(site, ids);
  });
});
