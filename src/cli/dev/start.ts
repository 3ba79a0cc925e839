/** Starts everything of `towpath dev` in this process, on one port, in the order in which the parts need each other. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { type GitHttpBackend, type GitHttpOptions, openGitHttpBackend } from '../../adapters/git-http/backend.ts';
import { type OpenControlPlane, openControlPlane } from '../../control-plane/control-plane.ts';
import { encryptionKeyFromText, keyring } from '../../control-plane/secrets/keyring.ts';
import type { WorkspaceId } from '../../domain/identifiers.ts';
import { startListener } from '../../listener/listener.ts';
import type { Log } from '../../ports.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { startServer } from '../server/http-server.ts';
import { newSecretKey, readOrMakeSecret } from '../server/key-file.ts';
import { version } from '../version.ts';
import { wireListener } from '../wire.ts';
import { apiOf } from './api.ts';
import { writeDevConfiguration } from './dev-configuration.ts';
import { type DevFile, databaseFolder, devFileName, devFileOf, writeDevFile } from './dev-file.ts';
import { gitAuthorizer } from './git-access.ts';
import { requireGit } from './git-program.ts';
import { ensureIdentity, type Identity, namespaces } from './identity.ts';
import { deploySample } from './sample.ts';

interface DevSettings {
  readonly dataFolder: string;
  readonly port: number;
  readonly sample: boolean;
  readonly log: Log;
  /** Told when the next step takes long enough to wonder. */
  readonly progress: (text: string) => void;
  /** Told once the database is open: from then on there is something to close. */
  readonly onOpen: () => void;
}

interface RunningDev {
  readonly file: DevFile;
  stop(): Promise<void>;
}

const gitPrefix = '/git';

export async function startDev(settings: DevSettings): Promise<RunningDev> {
  await using stack = new AsyncDisposableStack();
  const { dataFolder, log } = settings;
  const adminKey = await keyIn(dataFolder, 'admin');
  const gate = Promise.withResolvers<RequestListener>();
  // Bound before anything slow begins: a port in use is told at once, and early callers wait instead of failing.
  const server = await startServer({ host: '127.0.0.1', port: settings.port }, (request, response) => {
    gate.promise.then(
      (handle) => handle(request, response),
      () => response.destroy(),
    );
  });
  stack.defer(() => server.close());
  gate.promise.catch(() => undefined);
  stack.defer(() => gate.reject(new Error('stopped')));
  await requireGit();
  const controlPlane = await openEmbeddedControlPlane(settings, adminKey);
  stack.defer(() => controlPlane.close());
  settings.onOpen();
  // Only now is the folder surely ours, and what an earlier start said of itself no longer true.
  await rm(join(dataFolder, devFileName), { force: true });
  const owner = Promise.withResolvers<WorkspaceId>();
  owner.promise.catch(() => undefined);
  const git = await openRepositories(dataFolder, gitAuthorizer(controlPlane, owner.promise), log);
  stack.defer(() => git.close());
  stack.defer(() => owner.reject(new Error('stopped')));
  // Before the database closes nobody may ask any more, and whoever waits for news must not hold the server up.
  stack.defer(() => {
    controlPlane.stop();
    return server.close();
  });
  gate.resolve(dispatcher(controlPlane, git));
  const identity = await ensureIdentity(server.url, adminKey, join(dataFolder, 'keys'));
  owner.resolve(identity.workspaceId);
  const listener = await listen(settings, server.url, identity);
  stack.defer(() => listener.stop());
  await deployFirst(settings, apiOf(server.url, identity.workspaceKey), identity);
  const file = devFileOf(server.url, identity);
  await writeDevFile(dataFolder, file);
  stack.defer(() => rm(join(dataFolder, devFileName), { force: true }));
  const parts = stack.move();
  return { file, stop: () => parts.disposeAsync() };
}

function keyIn(dataFolder: string, name: string): Promise<string> {
  return readOrMakeSecret(join(dataFolder, 'keys', name), newSecretKey);
}

async function openEmbeddedControlPlane(settings: DevSettings, adminKey: string): Promise<OpenControlPlane> {
  const { dataFolder, log, progress } = settings;
  const encryption = encryptionKeyFromText(await keyIn(dataFolder, 'encryption'), `${dataFolder}/keys/encryption`);
  const location = { dataFolder: join(dataFolder, databaseFolder) };
  if (!existsSync(location.dataFolder)) progress('Making the database, which takes a few seconds the first time…');
  return openControlPlane({ location, keyring: keyring(encryption), adminKey, log });
}

async function openRepositories(
  dataFolder: string,
  authorize: GitHttpOptions['authorize'],
  log: Log,
): Promise<GitHttpBackend> {
  const git = await openGitHttpBackend({
    root: join(dataFolder, 'repositories'),
    prefix: gitPrefix,
    authorize,
    onComplaint: (repository, text) => log.warn('Git complained', { repository, text }),
  });
  if (git.swept.length > 0) log.info('Removed what a killed git left behind', { files: git.swept });
  for (const namespace of namespaces) await git.createRepository(namespace);
  return git;
}

function dispatcher({ app }: OpenControlPlane, git: GitHttpBackend): RequestListener {
  const api = getRequestListener(app.fetch);
  return (request, response) => {
    if (request.url?.startsWith(`${gitPrefix}/`)) void git.handle(request, response);
    else void api(request, response);
  };
}

async function listen({ dataFolder, log }: DevSettings, url: string, identity: Identity) {
  await keyIn(dataFolder, 'secrets');
  const configuration = await loadConfiguration(await writeDevConfiguration(dataFolder, url, identity));
  const ports = await wireListener(configuration, { purpose: 'listen', log });
  const listener = startListener(ports, configuration, { towpathVersion: version() });
  return {
    stop: async () => {
      await listener.stop();
      await ports.close();
    },
  };
}

/** On the first start only: who deletes the sample, or did not want it, does not get it again. */
async function deployFirst(
  { dataFolder, sample }: DevSettings,
  api: ReturnType<typeof apiOf>,
  identity: Identity,
): Promise<void> {
  await readOrMakeSecret(join(dataFolder, 'sample'), async () => {
    if (sample) await deploySample(api, identity);
    return sample ? 'deployed' : 'not wanted';
  });
}
