/** SIGTERM to a control plane that is busy: it takes nothing new, and it ends, whatever its database is doing. */
import postgres from 'postgres';
import { Agent, request } from 'undici';
import { expect, it } from 'vitest';
import { image } from '../support/control-plane.ts';
import { startControlPlaneProcess } from '../support/control-plane-process.ts';
import { startPostgres } from '../support/postgres.ts';

it('ends though more requests than it has connections wait for a row that is locked', async () => {
  const server = await startPostgres();
  const databaseUrl = await server.createDatabase();
  const plane = await startControlPlaneProcess(['--database-url', databaseUrl]);
  const { listenerId, workspaceKey } = await plane.tenant('dev', ['team-a']);
  const outsider = postgres(databaseUrl, { max: 1 });
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holding = outsider.begin(async (transaction) => {
    await transaction`select id from listeners for update`;
    held.resolve();
    await release.promise;
  });
  await held.promise;
  const agent = new Agent({ connections: 40, keepAliveTimeout: 60_000 });
  const ask = (name: string) =>
    request(`${plane.url}/v2/deployments`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'x-api-key': workspaceKey, 'content-type': 'application/json' },
      body: JSON.stringify(deployment(name, listenerId)),
    }).then(
      ({ statusCode }) => statusCode,
      () => 'cut off',
    );
  const asked = Array.from({ length: 40 }, (_, at) => ask(`busy-${at}`));
  await expect
    .poll(async () => (await outsiderSees(server.adminUrl)).length, { message: 'one waits for the lock' })
    .toBe(1);

  const ended = plane.end('SIGTERM');
  await expect.poll(() => plane.output()).toContain('Stopping');
  const late = await ask('late');
  const answers = await Promise.all(asked);

  // The row is still locked: nothing but the end of the process itself lets this test go on.
  expect(await ended).toBe(0);
  expect(answers).not.toContain(201);
  expect(['cut off', 503]).toContain(late);
  release.resolve();
  await holding;
  expect(await outsider`select name from deployments`).toEqual([]);
  await outsider.end();
  await agent.close();
  await server.stop();
});

/** Who waits for a lock now: of all that queue there is one, the rest hold no connection. */
async function outsiderSees(adminUrl: string) {
  const client = postgres(adminUrl, { max: 1 });
  const waiting = await client`select pid from pg_stat_activity where wait_event_type = 'Lock'`;
  await client.end();
  return waiting;
}

function deployment(name: string, listenerId: string) {
  return {
    name,
    source: 'external_docker',
    source_config: { resource_spec: {}, listener_id: listenerId, listener_config: { k8s_namespace: 'team-a' } },
    source_revision_config: { image_uri: image },
    secrets: [],
  };
}
