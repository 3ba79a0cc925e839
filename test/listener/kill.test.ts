/** Kill -9 at any moment: a listener in a process of its own, killed again and again, on real git over real HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import type { TestRepository } from '../support/test-repository.ts';
import { until } from '../support/until.ts';

const program = join(import.meta.dirname, '../support/listener-process.ts');
let server: GitServer;
let plane: ScriptedControlPlane;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  server = await startGitServer();
  plane = await startScriptedControlPlane();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await plane.stop();
  await server.close();
});

function start(remote: TestRepository): ChildProcess {
  const { url, listenerId } = plane;
  const settings = JSON.stringify({ plane: { url, listenerId }, repository: remote.url });
  const child = spawn(process.execPath, [program, settings], { stdio: 'ignore' });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await ended;
}

it('comes to the same outcome wherever it is killed', async () => {
  const remote = await server.repository('killed');
  await remote.seed({ 'mine/notes.txt': 'mine\n', 'deployments/foreign/app.yaml': 'mine\n' });
  const ids = ['a', 'b', 'c', 'd'].map((name) => plane.create(name, { secrets: { TOKEN: 'planted-token-value' } }));
  const updated = ids.slice(0, 3);

  // Each round changes something and kills at another point of the pass: before, during and after its requests.
  for (let round = 0; round < 8; round++) {
    const child = start(remote);
    const seen = plane.requests.length + server.requests.length;
    plane.update(updated[round % 3] as DeploymentId, { image: `registry.example/agents/chat:1.${round}` });
    await until('signs of life', () => plane.requests.length + server.requests.length >= seen + 1 + (round % 7));
    await sleep(Math.random() * 60);
    await kill(child);
  }
  plane.remove(ids[3] as DeploymentId);
  start(remote);
  for (const id of updated) await until('success', () => plane.lastReport(id)?.outcome === 'succeeded');
  await until('the removal', () =>
    plane.reports.some((report) => report.kind === 'removal' && report.outcome === 'succeeded'),
  );

  const tree = await remote.tree();
  const provenance = Object.entries(tree).filter(([path]) => path.endsWith('/PROVENANCE'));
  const held = provenance.map(([, text]) => /^Revision-Id: (.*)$/m.exec(text)?.[1]);
  expect(held.toSorted()).toEqual(updated.map((id) => plane.wanted().get(id)?.revision).toSorted());
  expect(tree).toMatchObject({ 'mine/notes.txt': 'mine\n', 'deployments/foreign/app.yaml': 'mine\n' });
  const log = await remote.log();
  const revisions = log.flatMap((commit) => /^Revision-Id: (.*)$/m.exec(commit.body)?.[1] ?? []);
  expect(new Set(revisions).size).toBe(revisions.length);
  for (const id of updated) {
    const commit = log.find((each) => each.id === plane.lastReport(id)?.commit);
    expect(commit?.body).toContain(`Revision-Id: ${plane.wanted().get(id)?.revision}`);
  }
  await remote.fsck();
});
