/** A whole Towpath in a process of its own, as `towpath dev` puts it together, with ten repositories: what the bench of the loop measures. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { stringify } from 'yaml';
import { z } from 'zod';
import { openGitHttpBackend } from '../../../src/adapters/git-http-backend.ts';
import { loadConfiguration } from '../../../src/cli/configuration/load.ts';
import { apiOf } from '../../../src/cli/dev/api.ts';
import { gitAuthorizer } from '../../../src/cli/dev/git-access.ts';
import { startServer } from '../../../src/cli/server/http-server.ts';
import { newSecretKey } from '../../../src/cli/server/key-file.ts';
import { wireListener } from '../../../src/cli/wire.ts';
import { openControlPlane } from '../../../src/control-plane/control-plane.ts';
import { encryptionKeyFromText, keyring } from '../../../src/control-plane/secrets/keyring.ts';
import { startListener } from '../../../src/listener/listener.ts';

const [folder = '', ...namespaces] = process.argv.slice(2);
const complain = (message: string, fields?: object) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
const log = { debug: () => undefined, info: () => undefined, warn: complain, error: complain };

const adminKey = newSecretKey();
const controlPlane = await openControlPlane({
  location: { dataFolder: join(folder, 'database') },
  keyring: keyring(encryptionKeyFromText(newSecretKey(), 'the bench')),
  adminKey,
  log,
});
const git = await openGitHttpBackend({
  root: join(folder, 'repositories'),
  prefix: '/git',
  authorize: gitAuthorizer(controlPlane.authenticate),
  onComplaint: (repository, text) => complain(`git: ${text}`, { repository }),
});
for (const namespace of namespaces) await git.createRepository(namespace);
const api = getRequestListener(controlPlane.app.fetch);
const server = await startServer({ host: '127.0.0.1', port: 0 }, (request, response) => {
  if (request.url?.startsWith('/git/')) void git.handle(request, response);
  else void api(request, response);
});

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
const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
await write('keys/listener', await keyFor({ kind: 'listener', listener_id: listenerId }));
await write('keys/workspace', apiKey);
await write('keys/secrets', newSecretKey());
const namespaceOf = (name: string) => ({
  repository: `${server.url}/git/${name}.git`,
  credentials: { username: 'towpath', passwordFile: 'keys/workspace' },
  secrets: { keyFile: 'keys/secrets' },
});
await write(
  'towpath.yaml',
  stringify({
    controlPlane: { url: server.url, apiKeyFile: 'keys/listener' },
    listener: { id: listenerId, dataFolder: 'listener' },
    namespaces: Object.fromEntries(namespaces.map((name) => [name, namespaceOf(name)])),
  }),
);
const configuration = await loadConfiguration(join(folder, 'towpath.yaml'));
startListener(await wireListener(configuration, log), configuration, { towpathVersion: 'bench' });
// Killed by the bench when it is done.
process.stdout.write(`${JSON.stringify({ url: server.url, apiKey, listenerId })}\n`);
