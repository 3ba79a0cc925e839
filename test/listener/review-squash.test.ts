/** What a squash leaves on the base: the tree answers always, the commit wherever the forge lets it. */
import { afterEach, expect, it } from 'vitest';
import { parseProvenance } from '../../src/core/provenance.ts';
import { giteaSquashTemplate } from '../../src/core/squash-template.ts';
import { begin, onlyOpen, reported } from '../support/review-steps.ts';
import { type ReviewWorld, reviewWorld } from '../support/review-world.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The message of the base's head, and PROVENANCE as a clone has it. */
async function squashed(world: ReviewWorld, more: Parameters<ReviewWorld['start']>[1] = {}) {
  const { plane, running } = await begin(stops, world, more);
  const id = plane.create('chat', { number: 3 });
  if (more.namespace === undefined) {
    await reported(plane, id, 'InReview');
    world.forge.people.merge(onlyOpen(world).number, 'squash');
    running.wake();
  }
  await until('the base to hold it', () => plane.lastReport(id)?.reason === 'Pushed');
  const { remote } = world;
  const head = remote.head ?? '';
  const files = remote.head === null ? new Map<string, string>() : remote.files(remote.head);
  const [, provenance = ''] = [...files].find(([path]) => path.endsWith('/PROVENANCE')) ?? [];
  return { id, message: remote.commits.get(head as never)?.message ?? '', provenance: parseProvenance(provenance) };
}

it('the tree says who asked, and when, where the forge’s own text is empty', async () => {
  const { message, provenance } = await squashed(reviewWorld());

  expect(message).not.toContain('Deployment-Id');
  expect(provenance).toMatchObject({
    requestedBy: 'Ada <ada@example.com>',
    requestedAt: '2026-05-02T10:00:00.000Z',
    revisionNumber: 3,
  });
});

it('the commit ends with the trailers where the forge takes the description', async () => {
  const { id, message } = await squashed(reviewWorld({ squashText: 'description' }));

  const trailers = message.trimEnd().split('\n\n').at(-1)?.split('\n') ?? [];
  expect(trailers).toEqual(
    expect.arrayContaining([
      'Change: deploy',
      `Deployment-Id: ${id}`,
      'Revision-Number: 3',
      'Requested-By: Ada <ada@example.com>',
      'Requested-At: 2026-05-02T10:00:00.000Z',
    ]),
  );
  expect(trailers.every((line) => /^[A-Z][A-Za-z-]*: \S/.test(line))).toBe(true);
});

it('the commit says all that ours said where Towpath has the forge merge by itself', async () => {
  const publication = { mode: 'proposed', forge: 'gitea', autoMerge: 'squash' } as const;
  const { id, message } = await squashed(reviewWorld(), { namespace: { publication } });

  expect(message).toMatch(/^deploy\(chat\): revision 3 \([0-9a-f]{8}\), chat:1\.0\.0\n\nDeployment chat in namespace/);
  expect(message).toContain(`\nDeployment-Id: ${id}\n`);
  expect(message).toContain('\nInputs-Digest: sha256:');
});

it('a new repository begins with the template that keeps them on Gitea and Forgejo', async () => {
  const world = reviewWorld();
  world.remote.head = null;
  const { plane } = await begin(stops, world, {});
  await reported(plane, plane.create('chat'), 'InReview');

  const head = world.remote.head;
  expect(head && world.remote.files(head).get(giteaSquashTemplate.path)).toBe(giteaSquashTemplate.content);
});
