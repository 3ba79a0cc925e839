/** A whole run of the real `langgraph` CLI 0.4.40, recorded against a stub, played again over real HTTP. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServerType, serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  otherImage,
  type Tenant,
  type TestControlPlane,
  testControlPlane,
} from '../support/control-plane.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';

interface Recorded {
  readonly m: string;
  readonly p: string;
  readonly b: unknown;
}

/** Ids of the recording: they stand for what our own control plane makes. */
const recorded = {
  listener: '9fa69aae-7bf0-4f98-851e-6c82bb1e8272',
  deployment: 'fa2e12d4-0af3-444c-876e-eb583e35d949',
  first: '06b4ed3c-eebf-4283-aa82-0b56c5de4a52',
  second: '7009acfe-4567-4fba-8b60-74e9bbbbec95',
};

const requests = readFileSync(join(import.meta.dirname, 'langgraph-cli-0.4.40-requests.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

describe.each(databaseKinds)('langgraph deploy against a control plane on %s', (kind) => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;
  let server: ServerType;
  let url: string;

  beforeAll(async () => {
    databases = await testDatabases(kind);
    plane = await testControlPlane(await databases.location());
    tenant = await plane.tenant('team-a');
    url = await new Promise((resolve) => {
      const serverOptions = { keepAliveTimeout: 120_000 };
      server = serve({ fetch: plane.app.fetch, port: 0, hostname: '127.0.0.1', serverOptions }, ({ port }) =>
        resolve(`http://127.0.0.1:${port}/api-host`),
      );
    });
  });
  afterAll(async () => {
    plane?.stop();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
    await plane?.close();
    await databases?.stop();
  });

  it('answers every request of the run as the CLI needs it', async () => {
    const ids = new Map([[recorded.listener, tenant.listenerId as string]]);
    const here = (text: string) => [...ids].reduce((seen, [old, own]) => seen.replaceAll(old, own), text);
    const answers: Answer[] = [];

    for (const { m: method, p: path, b: body } of requests) {
      const answer = await fetch(url + here(path), {
        method,
        headers: {
          'X-Api-Key': tenant.key,
          Accept: 'application/json',
          'X-Tenant-ID': tenant.workspaceId,
          ...(body === null ? {} : { 'Content-Type': 'application/json' }),
        },
        body: body === null ? null : here(JSON.stringify(body)),
      });
      const text = await answer.text();
      answers.push({ status: answer.status, body: text === '' ? null : JSON.parse(text) });
      const latest = answers.at(-1)?.body;
      if (method === 'POST' && path === '/v2/deployments') ids.set(recorded.deployment, latest.id);
      if (latest?.latest_revision_id) {
        ids.set(
          ids.has(recorded.first) && method === 'PATCH' ? recorded.second : recorded.first,
          latest.latest_revision_id,
        );
        // The listener has done its work by the time the CLI asks.
        await tenant.report(latest.id, latest.latest_revision_id, { stage: 'committed', outcome: 'succeeded' });
      }
    }

    expect(answers.map(({ status }) => status)).toEqual([
      200, 200, 201, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 204,
    ]);
    const bodies = answers.map(({ body }) => body);
    expect(bodies[0]).toEqual({ resources: [], offset: 0 });
    expect(bodies[1]).toMatchObject({ id: tenant.listenerId, compute_config: { k8s_namespaces: ['team-a'] } });
    expect(bodies[3].resources).toMatchObject([{ id: bodies[2].latest_revision_id }]);
    expect(bodies[4]).toMatchObject({ status: 'DEPLOYED' });
    expect(bodies[5]).toMatchObject({ tenant_id: tenant.workspaceId, source_config: { custom_url: null } });
    expect(bodies[7].resources).toMatchObject([{ name: 'chat' }]);
    expect(bodies[8]).toMatchObject({ source_revision_config: { image_uri: otherImage } });
    expect(bodies[10]).toMatchObject({ id: bodies[8].latest_revision_id, status: 'DEPLOYED' });
    expect(bodies[13].resources).toHaveLength(2);
    expect(bodies[14].logs[0]).toMatchObject({
      timestamp: expect.any(Number),
      message: expect.stringContaining('DEPLOYED'),
    });
    const after = await tenant.call('GET', `/v2/deployments/${bodies[2].id}`);
    expect(after.body).toMatchObject({ status: 'AWAITING_DELETE' });
    await tenant.removed(bodies[2].id);
    expect((await tenant.call('GET', `/v2/deployments/${bodies[2].id}`)).status).toBe(404);
  });
});
