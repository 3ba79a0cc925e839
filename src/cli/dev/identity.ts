/** The workspace, the listener and the keys of `towpath dev`: found again at each start, made where they are missing. */
import { join } from 'node:path';
import { z } from 'zod';
import { ListenerId, WorkspaceId } from '../../domain/identifiers.ts';
import { readSecret, writePrivately } from '../server/key-file.ts';
import { type Api, apiOf } from './api.ts';

export const namespaces = ['default', 'team-a'] as const;

export interface Identity {
  readonly workspaceId: WorkspaceId;
  readonly listenerId: ListenerId;
  /** For people: the API, and git. */
  readonly workspaceKey: string;
}

const workspaceName = 'dev';
const computeId = 'towpath-dev';

const Workspaces = z.object({ workspaces: z.array(z.object({ id: WorkspaceId })) });
const Workspace = z.object({ id: WorkspaceId });
const Listeners = z.object({ resources: z.array(z.object({ id: ListenerId, compute_id: z.string() })) });
const Listener = z.object({ id: ListenerId });
const NewKey = z.object({ key: z.string() });

/** Interrupted anywhere and started again, it ends with one workspace, one listener and keys that work. */
export async function ensureIdentity(url: string, adminKey: string, keysFolder: string): Promise<Identity> {
  const workspaceId = await ensureWorkspace(apiOf(url, adminKey));
  const api = apiOf(url, adminKey, workspaceId);
  const listenerId = await ensureListener(api);
  const makeKey = (path: string, body: Readonly<Record<string, unknown>>) =>
    ensureKey(url, join(keysFolder, path), () =>
      api.post('/towpath/v1/keys', { workspace_id: workspaceId, ...body }, NewKey),
    );
  const workspaceKey = await makeKey('workspace', { kind: 'workspace', name: 'dev', email: 'dev@towpath.invalid' });
  await makeKey('listener', { kind: 'listener', listener_id: listenerId, name: 'dev listener' });
  return { workspaceId, listenerId, workspaceKey };
}

async function ensureWorkspace(admin: Api): Promise<WorkspaceId> {
  const { workspaces } = await admin.get(`/towpath/v1/workspaces?name=${workspaceName}`, Workspaces);
  return workspaces[0]?.id ?? (await admin.post('/towpath/v1/workspaces', { name: workspaceName }, Workspace)).id;
}

async function ensureListener(api: Api): Promise<ListenerId> {
  const { resources } = await api.get('/v2/listeners?limit=100', Listeners);
  const known = resources.find((listener) => listener.compute_id === computeId);
  if (known) return known.id;
  const body = { compute_type: 'k8s', compute_id: computeId, compute_config: { k8s_namespaces: namespaces } };
  return (await api.post('/v2/listeners', body, Listener)).id;
}

/** A key whose text was lost by a kill, or that was revoked, is replaced. */
async function ensureKey(url: string, path: string, make: () => Promise<{ key: string }>): Promise<string> {
  const known = await readSecret(path);
  if (known && (await isAccepted(url, known))) return known;
  const { key } = await make();
  await writePrivately(path, `${key}\n`);
  return key;
}

/** A key that is valid, but not for this call, is answered 403. */
async function isAccepted(url: string, key: string): Promise<boolean> {
  const response = await fetch(`${url}/v2/listeners?limit=1`, { headers: { 'X-Api-Key': key } });
  await response.body?.cancel();
  return response.status !== 401;
}
