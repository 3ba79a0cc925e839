/** Two replicas, lost leaders, and parts of the cluster that are away for a while: nothing is lost, nothing written twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { programControl } from './harness/control.ts';
import { administrator, eventually, makeNamespace } from './harness/fixtures.ts';
import type { ListenerProcess } from './support/listener-process.ts';
import { openSite, type Site, startPlane } from './support/site.ts';

const cluster = inject('cluster');
const client = administrator();
const control = programControl(cluster);
let plane: ControlPlaneProcess;

beforeAll(async () => {
  plane = await startPlane();
});

// Whatever a failed test has left stopped must not fail the tests after it.
afterAll(async () => {
  for (const program of ['kube-apiserver', 'argocd-repo-server']) await control.start(program);
});

describe('two replicas of one listener', () => {
  let site: Site;
  let replicas: readonly ListenerProcess[];

  beforeAll(async () => {
    const namespace = await makeNamespace('leases');
    const election = { namespace, leaseDuration: '6s', renewDeadline: '4s', retryPeriod: '1s' };
    site = await openSite({ engine: 'flux', plane, listen: false, more: { leaderElection: election } });
    replicas = [await site.startListener(), await site.startListener()];
  });

  it('work one at a time, and the other takes over when the leader is killed', async () => {
    const [leader, standby] = await roles(replicas);
    const first = await site.create('before', '1.0.0');
    await site.reaches(first, 'DEPLOYED');
    expect(standby.output()).not.toMatch(/Pushed a revision/);

    await leader.end('SIGKILL');
    const second = await site.create('after', '1.0.0');
    await site.reaches(second, 'DEPLOYED');

    expect(standby.output()).toMatch(/"Leading"/);
    expect(await subjects(site)).toHaveLength(2);
    replicas = [standby, await site.startListener()];
  });

  it('never let a paused leader push or report anything once it was replaced', async () => {
    const [leader, standby] = await roles(replicas);
    const id = await site.create('paused', '1.0.0');
    await site.reaches(id, 'DEPLOYED');

    leader.signal('SIGSTOP');
    await eventually('the other to lead', () => isLeading(standby));
    await site.update(id, '2.0.0');
    const deployed = await eventually('the new revision', async () => {
      const latest = await site.latest(id);
      return (
        latest.status === 'DEPLOYED' && (await subjects(site)).some((one) => one.includes('paused:2.0.0')) && latest
      );
    });
    const head = await site.repository.head();
    const before = (leader.output().match(/Pushed a revision/g) ?? []).length;
    leader.signal('SIGCONT');
    await eventually('the old leader to notice', () => /Lost the leadership/.test(leader.output()));
    // Time enough for whatever it had begun.
    await sleep(3_000);

    expect(leader.output().match(/Pushed a revision/g) ?? []).toHaveLength(before);
    expect(await site.repository.head()).toBe(head);
    expect(await site.latest(id)).toEqual(deployed);
    const third = await site.create('afterwards', '1.0.0');
    await site.reaches(third, 'DEPLOYED');
    await site.repository.fsck();
    const all = await subjects(site);
    expect(new Set(all).size).toBe(all.length);
  });

  it('hand over at once when the leader is told to stop', async () => {
    const [leader, standby] = await roles(replicas);

    expect(await leader.end('SIGTERM')).toBe(0);
    await eventually('the other to lead', () => isLeading(standby), 5_000);

    expect(leader.output()).toMatch(/Gave the Lease back/);
  });
});

describe('two listeners on one namespace', () => {
  it('write one repository without a lock, and each sees its own through', async () => {
    const research = await openSite({ engine: 'argo-cd', plane });
    const support = await openSite({ engine: 'argo-cd', plane, beside: research });
    const count = 5;
    const made = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        Promise.all([research.create(`mine-${index}`, '1.0.0'), support.create(`mine-${index}`, '1.0.0')]),
      ),
    );

    for (const [one, other] of made) {
      await research.reaches(one, 'DEPLOYED');
      await support.reaches(other, 'DEPLOYED');
    }

    expect(await subjects(research)).toHaveLength(2 * count);
    const folders = new Set(
      Object.keys(await research.repository.tree()).flatMap((path) => path.match(/^deployments\/[^/]+/) ?? []),
    );
    expect(folders.size).toBe(2 * count);
    await research.repository.fsck();
  });
});

describe('what is away for a minute', () => {
  it('is the API server: the listener says that it cannot see, and goes on by itself', async () => {
    const site = await openSite({ engine: 'flux', plane });
    const steady = await site.create('steady', '1.0.0');
    await site.reaches(steady, 'DEPLOYED');

    await control.kill('kube-apiserver');
    const id = await site.create('blind', '1.0.0');
    const told = await eventually('the trouble to be told', async () => {
      const latest = await site.latest(id);
      return latest.status !== 'QUEUED' && /cannot|connection/i.test(latest.status_message) && latest;
    });
    await sleep(60_000);
    expect((await site.latest(id)).status).not.toBe('DEPLOY_FAILED');
    expect((await site.latest(steady)).status).toBe('DEPLOYED');
    await control.start('kube-apiserver');

    expect(told.status_message).toMatch(/127\.0\.0\.1|API server/);
    await site.reaches(id, 'DEPLOYED', 180_000);
    await site.update(steady, '1.1.0');
    await eventually('the update', async () => (await site.latest(steady)).status === 'DEPLOYED', 120_000);
  }, 420_000);

  it('is Argo CD’s repo-server: the revision waits, and is deployed when it is back', async () => {
    const site = await openSite({ engine: 'argo-cd', plane });
    const steady = await site.create('steady', '1.0.0');
    await site.reaches(steady, 'DEPLOYED');

    await control.stop('argocd-repo-server');
    await site.update(steady, '1.1.0');
    await sleep(60_000);
    const waiting = await site.latest(steady);
    await control.start('argocd-repo-server');

    expect(waiting.status).toBe('DEPLOYING');
    await site.reaches(steady, 'DEPLOYED', 240_000);
    const labels = `towpath.dev/deployment-id=${steady}`;
    const live = await client.list('apps/v1', 'Deployment', { namespace: site.namespace, labels });
    expect(JSON.stringify(live)).toContain('steady:1.1.0');
  }, 420_000);
});

async function subjects(site: Site): Promise<readonly string[]> {
  return (await site.repository.log()).map(({ subject }) => subject).filter((subject) => subject.startsWith('deploy('));
}

function isLeading(process: ListenerProcess): boolean {
  const output = process.output();
  return output.lastIndexOf('"Leading"') > output.lastIndexOf('Lost the leadership');
}

async function roles(replicas: readonly ListenerProcess[]): Promise<readonly [ListenerProcess, ListenerProcess]> {
  const leader = await eventually('one replica to lead', () => replicas.find(isLeading));
  const standby = replicas.find((one) => one !== leader);
  if (!standby) throw new Error('there is no other replica');
  return [leader, standby];
}
