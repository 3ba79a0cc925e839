/** `towpath adopt` and `towpath secrets reseal` beside a listener whose changes are proposed, on a real Gitea. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, inject } from 'vitest';
import { parse } from 'yaml';
import type { DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import { temporaryFolder } from '../support/temp.ts';
import { baseClone } from './support/base-clone.ts';
import { act, deployed, holds, lookAgain, proposedBy, run } from './support/operated-site.ts';
import { type ReviewSite, reviewTest } from './support/review-site.ts';

const it = reviewTest();

const theirs = 'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: old-db }\nspec: { serviceName: old-db }\n';

describe('a folder that somebody else wrote', () => {
  it('is taken over by one pull request, and deployed once that is merged', async ({ open }) => {
    const site = await open({ listen: false });
    const id = await site.create('chat', '1.0.0');
    const folder = `deployments/${resourceName('chat' as DeploymentName, id as DeploymentId)}`;
    const base = await baseClone(site);
    await base.commit({ [`${folder}/old.yaml`]: theirs });
    await site.start();
    await site.told(id, 'ForeignFolder');

    const first = await act(site, 'adopt', 'chat');
    const second = await act(site, 'adopt', 'chat');
    const pull = await site.people.openOf('chat');
    await lookAgain(site);
    const held = await holds(site);
    const opened = await site.people.pulls('open');
    await site.people.merge(pull);
    await site.reaches(id, 'DEPLOYED');

    expect(first).toMatchObject({ goes: [`${folder}/old.yaml`], commits: [proposedBy(pull)] });
    expect(second.commits).toEqual(first.commits);
    expect(opened.map(({ number }) => number)).toEqual([pull.number]);
    expect(pull.title).toMatch(/^adopt\(chat\)/);
    expect(held).toContainEqual(
      expect.objectContaining({ kind: 'foreign', proposal: expect.objectContaining({ state: 'open' }) }),
    );
    const tree = await base.tree();
    expect(tree[`${folder}/old.yaml`]).toBeUndefined();
    expect(tree[`${folder}/PROVENANCE`]).toContain(`Deployment-Id: ${id}`);
    expect(await act(site, 'adopt', 'chat')).toMatchObject({ outcome: 'nothing', commits: [] });
  });

  it('rejects its revision where a person closes that, and is proposed no more', async ({ open }) => {
    const site = await open();
    const base = await baseClone(site);
    await base.commit({ 'apps/chat/old.yaml': theirs });
    const id = await site.create('chat', '1.0.0');
    await site.told(id, 'InReview');
    await act(site, 'adopt', 'chat', '--from', 'apps/chat');
    const pull = await site.people.openOf('chat');

    await site.people.close(pull);

    const rejected = await site.told(id, 'Rejected');
    await site.end('SIGTERM');
    await site.start();
    await lookAgain(site);
    expect(rejected.status_message).toContain('reviewer');
    expect(rejected.towpath.pull_request).toBe(pull.html_url);
    expect(pull.title).toMatch(/^adopt\(chat\)/);
    expect(await site.people.pulls('open')).toEqual([]);
    expect(await holds(site)).toContainEqual(expect.objectContaining({ kind: 'rejected', deployment: 'chat' }));
    expect(await base.tree()).toHaveProperty('apps/chat/old.yaml', theirs);
  });
});

/** Of each sealed file, by its path, what its Secret says to who holds the identity. */
async function opened(tree: Readonly<Record<string, string>>, identity: string): Promise<Record<string, unknown>> {
  const folder = await temporaryFolder('opened');
  const env = { ...process.env, SOPS_AGE_KEY: identity };
  const secrets: Record<string, unknown> = {};
  for (const [path, text] of Object.entries(tree).filter(([each]) => each.endsWith('.secret.sops.yaml'))) {
    const file = join(folder, 'secret.sops.yaml');
    await writeFile(file, text);
    const plain = execFileSync(inject('cluster').programs['sops'] ?? 'sops', ['decrypt', file], { env, stdio: 'pipe' });
    secrets[path] = parse(plain.toString());
  }
  return secrets;
}

/** Another recipient from now on; answers who can open what is sealed for him. */
async function turnRecipient(site: ReviewSite): Promise<string> {
  const identity = await generateX25519Identity();
  await writeFile(join(dirname(site.configuration), 'recipients'), `${await identityToRecipient(identity)}\n`);
  return identity;
}

describe('secrets that are sealed in git', () => {
  it('are sealed for another recipient by one pull request a deployment, and stay what they were', async ({ open }) => {
    const site = await open({ listen: false });
    const folder = dirname(site.configuration);
    const secrets = { mode: 'sops', keyFile: join(folder, 'key'), recipientsFile: join(folder, 'recipients') };
    await site.configure({ secrets });
    const first = await turnRecipient(site);
    await site.start();
    const ids: string[] = [];
    for (const name of ['chat', 'search']) {
      ids.push(await deployed(site, name, { secrets: [{ name: 'TOKEN', value: `sk-of-${name}` }] }));
    }
    const base = await baseClone(site);
    const before = await base.tree();

    const wrong = await run(site, 'secrets', 'reseal', 'chta', '--yes');
    const second = await turnRecipient(site);
    const proposed = await act(site, 'secrets', 'reseal');
    const pulls = [await site.people.openOf('chat'), await site.people.openOf('search')];
    // Turned once more before anybody has merged: what waits must not stay sealed for the one before.
    const third = await turnRecipient(site);
    const again = await act(site, 'secrets', 'reseal');
    await lookAgain(site);
    const waiting = await site.people.pulls('open');
    for (const pull of waiting) await site.people.merge(pull, 'squash', true);
    await lookAgain(site);

    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr).toContain('wants no such deployment');
    expect(proposed).toMatchObject({ outcome: 'done', refused: [], skipped: [] });
    expect(proposed.commits).toEqual(expect.arrayContaining(pulls.map(proposedBy)));
    expect(pulls.map(({ title }) => title.replace(/:.*/, ''))).toEqual(['reseal(chat)', 'reseal(search)']);
    expect(again.commits).toEqual(proposed.commits);
    expect(waiting.map(({ number }) => number).sort()).toEqual(pulls.map(({ number }) => number).sort());
    const after = await base.tree();
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(changed.every((path) => /\.secret\.sops\.yaml$|\/PROVENANCE$/.test(path))).toBe(true);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(await opened(after, third)).toEqual(await opened(before, first));
    await expect(opened(after, first)).rejects.toThrow();
    await expect(opened(after, second)).rejects.toThrow();
    for (const id of ids) expect(await site.latest(id)).toMatchObject({ status: 'DEPLOYED' });
    expect((await site.people.pulls('open')).map(({ title }) => title)).toEqual([]);
  });
});
