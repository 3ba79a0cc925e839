import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect, it } from 'vitest';
import { authenticator } from '../../src/control-plane/access/authenticate.ts';
import { towpathRoutes } from '../../src/control-plane/api/towpath/routes.ts';
import { readDesiredPage } from '../../src/control-plane/store/desired-page.ts';
import { testDatabases } from '../support/database.ts';
import { addTenant, openTowpathApi } from '../support/towpath-api.ts';

it('forgets a client that has gone, and lets the others go when the server is to stop', async () => {
  const databases = await testDatabases('PGlite');
  const api = await openTowpathApi(await databases.location());
  const tenant = await addTenant(api);
  const page = await readDesiredPage(api.open.database, tenant.listenerId, null);
  let waiting = 0;
  const changes: typeof api.services.changes = {
    subscribe(channel, subject, wake) {
      const unsubscribe = api.services.changes.subscribe(channel, subject, wake);
      if (channel === 'towpath_listener') waiting += 1;
      return () => {
        if (channel === 'towpath_listener') waiting -= 1;
        unsubscribe();
      };
    },
  };
  const stopping = new AbortController();
  const authenticate = authenticator(api.services);
  const app = towpathRoutes({ ...api.services, changes, authenticate, stopping: stopping.signal });
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const poll = (signal?: AbortSignal) =>
    fetch(`http://127.0.0.1:${port}/towpath/v1/listeners/${tenant.listenerId}/desired?wait=60&after=${page?.cursor}`, {
      headers: { 'x-api-key': tenant.listenerKey },
      ...(signal === undefined ? {} : { signal }),
    });

  const client = new AbortController();
  const aborted = poll(client.signal).catch((error: Error) => error.name);
  await expect.poll(() => waiting).toBe(1);
  client.abort();
  expect(await aborted).toBe('AbortError');
  await expect.poll(() => waiting).toBe(0);

  const patient = poll();
  await expect.poll(() => waiting).toBe(1);
  stopping.abort();
  expect((await patient).status).toBe(200);
  expect(waiting).toBe(0);

  server.closeAllConnections();
  server.close();
  await api.stop();
  await databases.stop();
});
