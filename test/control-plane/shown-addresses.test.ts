/** An address that clients show as a link is one of a page, whoever gave it: a listener, a client, or an earlier version. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deployments, revisions } from '../../src/control-plane/store/schema.ts';
import { webAddress } from '../../src/domain/web-address.ts';
import { type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type TestDatabases, testDatabases } from '../support/database.ts';

const hostile = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'https://a.example/\u202e',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'file:///etc/passwd',
  'ftp://a.example',
  '//a.example/x',
  'a.example',
  'https:a.example',
  'https://user:password@a.example/',
  `https://a.example/${'x'.repeat(2048)}`,
];
const page = 'https://agent.example/x?y=1#z';

let databases: TestDatabases;
let plane: TestControlPlane;

beforeAll(async () => {
  databases = await testDatabases('PGlite');
  plane = await testControlPlane(await databases.location());
});
afterAll(async () => {
  await plane?.close();
  await databases?.stop();
});

it.each(hostile)('is none: %j', (text) => {
  expect(webAddress(text)).toBeNull();
});

it('is a page of http or https', () => {
  expect([page, 'http://127.0.0.1:8123', 'HTTPS://a.example'].map(webAddress)).not.toContain(null);
});

it('is taken of a listener only as such, and its report counts all the same', async () => {
  const tenant = await plane.tenant();
  const { id, revisionId } = await tenant.deploy('reported');

  for (const [at, address] of hostile.entries()) {
    const said = { message: `Report ${at}`, at: new Date(at + 1).toISOString(), stage: 'committed' } as const;
    await tenant.report(id, revisionId, { ...said, url: address, pullRequest: address });
  }

  const { body: deployment } = await tenant.call('GET', `/v2/deployments/${id}`);
  const { body: revision } = await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`);
  expect(deployment).toMatchObject({ url: null, source_config: { custom_url: null } });
  expect(revision.towpath).toMatchObject({ pull_request: null, message: `Report ${hostile.length - 1}` });

  await tenant.report(id, revisionId, {
    url: page,
    pullRequest: page,
    message: 'Page',
    at: new Date(99).toISOString(),
  });
  expect((await tenant.call('GET', `/v2/deployments/${id}`)).body.url).toBe(page);
});

it('is refused of a client', async () => {
  const tenant = await plane.tenant();
  const { id } = await tenant.deploy('chosen');

  for (const custom_url of hostile) {
    const { status } = await tenant.call('PATCH', `/v2/deployments/${id}`, { source_config: { custom_url } });
    expect([custom_url, status]).toEqual([custom_url, 422]);
  }
  const { body } = await tenant.call('PATCH', `/v2/deployments/${id}`, { source_config: { custom_url: page } });
  expect(body.url).toBe(page);
});

it('is not shown where an earlier version took another', async () => {
  const tenant = await plane.tenant();
  const { id, revisionId } = await tenant.deploy('old');
  const { database } = plane.services;
  const script = 'javascript:alert(1)';
  await database.update(deployments).set({ customUrl: script, reportedUrl: script }).where(eq(deployments.id, id));
  await database.update(revisions).set({ pullRequest: script }).where(eq(revisions.id, revisionId));

  const answers = await Promise.all([
    tenant.call('GET', '/v2/deployments'),
    tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`),
    tenant.call('GET', `/o/${tenant.workspaceId}/host/deployments/${id}`),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(JSON.stringify(answers)).not.toContain(script);
});
