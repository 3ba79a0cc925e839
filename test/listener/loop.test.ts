/** The loop with every real part: public API, control plane, long poll, templates, schemas, git over HTTP, and back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import type { RunningListener } from '../../src/listener/listener.ts';
import { otherImage, type Tenant } from '../support/control-plane.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { listenTo } from '../support/listener-world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { type ServedControlPlane, serveControlPlane } from '../support/served-control-plane.ts';
import type { TestRepository } from '../support/test-repository.ts';
import { until } from '../support/until.ts';

let served: ServedControlPlane;
let server: GitServer;
let tenant: Tenant;
let remote: TestRepository;
let running: RunningListener;

beforeAll(async () => {
  [served, server] = await Promise.all([serveControlPlane({ towpathCalls: true }), startGitServer()]);
  [tenant, remote] = await Promise.all([served.tenant('team-a'), server.repository('loop')]);
  running = listenTo({
    controlPlane: httpControlPlane({ url: served.url, apiKey: await served.listenerKey(tenant) }, tenant.listenerId),
    listenerId: tenant.listenerId,
    url: served.url,
    repository: new GitRepository({ branch: 'main', transport: new HttpTransport({ url: remote.url }) }),
    renderer: await realRenderer(),
    log: memoryLog(),
  });
});
afterAll(async () => {
  await running.stop();
  await served.stop();
  await server.close();
});

const revision = async (id: string, revisionId: string, status: string) =>
  until(`${status}`, async () => {
    const { body } = await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`);
    return body.status === status && body;
  });

it('takes a deployment from creation to DEPLOYED, through an update, to nothing', async () => {
  const { id, revisionId } = await tenant.deploy('chat', {
    secrets: [{ name: 'TOKEN', value: 'planted-token-value' }],
  });
  await revision(id, revisionId, 'DEPLOYED');
  const { body } = await tenant.call('PATCH', `/v2/deployments/${id}`, {
    source_revision_config: { image_uri: otherImage },
  });
  await revision(id, body.latest_revision_id, 'DEPLOYED');

  const log = await remote.log();
  expect(log.map((commit) => commit.body.match(/^Revision-Id: (.*)$/m)?.[1])).toEqual([
    body.latest_revision_id,
    revisionId,
  ]);
  expect(log[0]?.author).toBe('Ada <ada@example.com>');
  const tree = await remote.tree();
  expect(Object.entries(tree).find(([path]) => path.endsWith('/api.deployment.yaml'))?.[1]).toContain(otherImage);
  const logs = await tenant.call('POST', `/v1/projects/${id}/revisions/${revisionId}/deploy_logs`, { limit: 50 });
  const words = logs.body.logs.map((line: { message: string }) => line.message).join('\n');
  expect(words).toMatch(/Rendered \d+ files/);
  expect(words).toMatch(/Pushed as [0-9a-f]{12}/);
  expect(words).toMatch(/Secret "chat-[0-9a-f]{10}-env-[0-9a-f]{10}"/);

  await tenant.call('DELETE', `/v2/deployments/${id}`);
  await until('404', async () => (await tenant.call('GET', `/v2/deployments/${id}`)).status === 404);
  expect(Object.keys(await remote.tree())).toEqual(['README.md']);
  await remote.fsck();
});

it('tells the developer everything that is wrong with a revision', async () => {
  const { id, revisionId } = await tenant.deploy('wrong', {
    source_config: {
      resource_spec: {
        labels: { 'towpath.dev/revision-id': 'forged' },
        volumes: [{ name: 'v', secret: { secretName: 'chat-0123456789-database' } }],
      },
      listener_id: tenant.listenerId,
      listener_config: { k8s_namespace: 'team-a' },
    },
  });

  await revision(id, revisionId, 'DEPLOY_FAILED');

  const logs = await tenant.call('POST', `/v1/projects/${id}/deploy_logs`, { limit: 50 });
  const words = logs.body.logs.map((line: { message: string }) => line.message).join('\n');
  expect(words).toMatch(/Cannot render deployment wrong: 2 problem/);
  expect(words).toContain('resource_spec.labels');
  expect(words).toContain('resource_spec.volumes');
});
