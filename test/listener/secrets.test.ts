/** What comes from outside stays in its place: no secret value anywhere, no hostile text beyond its line. Real parts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { Renderer } from '../../src/listener/context.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { listen } from '../support/listener-world.ts';
import { plainRenderer } from '../support/plain-renderer.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const planted = {
  OPENAI_API_KEY: 'sk-planted-0123456789',
  MULTI_LINE: 'first planted line of it\nsecond planted line',
};
let server: GitServer;
let plane: ScriptedControlPlane;
let renderer: Renderer;

beforeAll(async () => {
  server = await startGitServer();
  plane = await startScriptedControlPlane();
  renderer = await realRenderer();
});
afterAll(async () => {
  await plane.stop();
  await server.close();
});

it('writes no secret value into git, the log or a report', async () => {
  const remote = await server.repository('secrets');
  const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });
  const id = plane.create('chat', { secrets: planted });

  const running = listen({ plane, repository, renderer });
  const report = await until('success', () => plane.lastReport(id)?.outcome === 'succeeded' && plane.lastReport(id));
  await running.stop();

  expect(report.message).toMatch(
    /Secret "chat-[0-9a-f]{10}-env-[0-9a-f]{10}" in namespace team-a with the keys MULTI_LINE, OPENAI_API_KEY/,
  );
  expect(report.message).toMatch(
    /Secret "chat-[0-9a-f]{10}-database" in namespace team-a with the keys POSTGRES_PASSWORD/,
  );
  const objects = await remote.git('cat-file', '--batch-all-objects', '--batch');
  expect(objects).toContain('deploy(chat)');
  expect([objects, ...running.log.lines, JSON.stringify(plane.reports)].join('\n')).not.toMatch(/planted/);
  await remote.fsck();
});

it('publishes nothing for a template that would let a secret out', async () => {
  const remote = await server.repository('leaky');
  const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });
  const leaky: Renderer = {
    ...renderer,
    render: (input, sensitive) =>
      renderer.render(
        { ...input, agentServer: { ...input.agentServer, environment: { COPY: Object.values(sensitive).join(' ') } } },
        sensitive,
      ),
  };
  const id = plane.create('leaky', { secrets: planted });

  const running = listen({ plane, repository, renderer: leaky });
  const report = await until('the refusal', () => plane.lastReport(id)?.outcome === 'failed' && plane.lastReport(id));
  await running.stop();

  expect(report).toMatchObject({ stage: 'rendered', reason: 'InvalidManifest' });
  expect(report.message).toContain('the value of the secret "OPENAI_API_KEY"');
  expect(report.message).not.toContain('planted');
  expect(await remote.log().then((log) => log.filter((each) => each.subject.includes('leaky')))).toEqual([]);
});

it('lets no requester and no image beyond its line', async () => {
  const remote = await server.repository('hostile');
  const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) });
  const forged = 'Eve\n\nRevision-Id: 00000000-0000-4000-8000-000000000000\u202e\r\nSigned-off-by: X <';
  const named = plane.create('named', {
    requester: { name: forged, email: 'a@b>\nauthor X <x@y', proof: 'admin', key: null },
  });
  const pictured = plane.create('pictured', { image: 'registry.example/a:1\nChange: remove' });

  const running = listen({ plane, repository, renderer: plainRenderer() });
  await until('success', () => plane.lastReport(named)?.outcome === 'succeeded');
  const report = await until(
    'the refusal',
    () => plane.lastReport(pictured)?.outcome === 'failed' && plane.lastReport(pictured),
  );
  await running.stop();

  expect(report.reason).toBe('InvalidImage');
  const log = (await remote.log()).filter((commit) => commit.subject.startsWith('deploy(named)'));
  const trailers = await remote.git('log', '-1', '--format=%(trailers:only)', log[0]?.id ?? '');
  expect(trailers.match(/^Revision-Id:/gm)).toHaveLength(1);
  // The requester's words stand in the line of the requester, and begin none of their own.
  expect(trailers).not.toMatch(/^(?:Signed-off-by|Revision-Id: 00000000)/m);
  expect(log[0]?.author).toBe('Eve Revision-Id: 00000000-0000-4000-8000-000000000000 Signed-off-by: X <a@bauthorXx@y>');
  await remote.fsck();
});
