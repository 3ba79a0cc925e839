/** Our own control plane behind a real port, with a workspace and a listener on it. */

import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { type Tenant, type TestControlPlane, testControlPlane } from './control-plane.ts';
import { testDatabases } from './database.ts';

export interface ServedControlPlane {
  readonly url: string;
  readonly plane: TestControlPlane;
  /** `GET /v2/deployments?limit=100&offset=0`, in the order in which they came. */
  readonly requests: string[];
  tenant(...namespaces: string[]): Promise<Tenant>;
  /** The key of a tenant's listener. */
  listenerKey(tenant: Tenant): Promise<string>;
  stop(): Promise<void>;
}

export async function serveControlPlane(options: { readonly towpathCalls: boolean }): Promise<ServedControlPlane> {
  const databases = await testDatabases('PGlite');
  const plane = await testControlPlane(await databases.location(), options);
  const requests: string[] = [];
  const fetch = (request: Request): Response | Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    requests.push(`${request.method} ${pathname}${search}`);
    return plane.app.fetch(request);
  };
  const server = serve({ fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((done) => server.once('listening', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    plane,
    requests,
    tenant: plane.tenant,
    listenerKey: async ({ workspaceId, listenerId }) => {
      const owner = { name: 'listener', email: 'listener@example.com' };
      return (await createKey(plane.services, null, { kind: 'listener', workspaceId, listenerId, ...owner })).key;
    },
    stop: async () => {
      plane.stop();
      await new Promise((done) => server.close(done));
      await plane.close();
      await databases.stop();
    },
  };
}
