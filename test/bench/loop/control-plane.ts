/** The control plane of the bench of the loop, in a process of its own: one workspace, one listener, and their keys. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { z } from 'zod';
import { apiOf } from '../../../src/cli/dev/api.ts';
import { startServer } from '../../../src/cli/server/http-server.ts';
import { newSecretKey } from '../../../src/cli/server/key-file.ts';
import { openControlPlane } from '../../../src/control-plane/control-plane.ts';
import { encryptionKeyFromText, keyring } from '../../../src/control-plane/secrets/keyring.ts';
import { complaints, ready } from './process.ts';

const [folder = '', ...namespaces] = process.argv.slice(2);
const adminKey = newSecretKey();
const controlPlane = await openControlPlane({
  location: { dataFolder: join(folder, 'database') },
  keyring: keyring(encryptionKeyFromText(newSecretKey(), 'the bench')),
  adminKey,
  log: complaints,
});
const api = getRequestListener(controlPlane.app.fetch);
const server = await startServer({ host: '127.0.0.1', port: 0 }, (request, response) => void api(request, response));

const Made = z.object({ id: z.string() });
const NewKey = z.object({ key: z.string() });
const admin = apiOf(server.url, adminKey);
const { id: workspaceId } = await admin.post('/towpath/v1/workspaces', { name: 'bench' }, Made);
const listenerBody = { compute_type: 'k8s', compute_id: 'bench', compute_config: { k8s_namespaces: namespaces } };
const { id: listenerId } = await apiOf(server.url, adminKey, workspaceId).post('/v2/listeners', listenerBody, Made);
const keyFor = async (body: object) =>
  (await admin.post('/towpath/v1/keys', { workspace_id: workspaceId, name: 'bench', ...body }, NewKey)).key;
const apiKey = await keyFor({ kind: 'workspace' });
await mkdir(join(folder, 'keys'), { recursive: true });
await writeFile(join(folder, 'keys/listener'), await keyFor({ kind: 'listener', listener_id: listenerId }));
ready({ url: server.url, apiKey, listenerId });
