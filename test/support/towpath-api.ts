/** Our own calls on a fresh database, in this process; what the tests of `/towpath/v1` have in common. */
import { randomBytes } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { authenticator } from '../../src/control-plane/access/authenticate.ts';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { createWorkspace } from '../../src/control-plane/access/workspaces.ts';
import { answerProblem } from '../../src/control-plane/api/problems.ts';
import { towpathRoutes } from '../../src/control-plane/api/towpath/routes.ts';
import type { TowpathServices } from '../../src/control-plane/api/towpath/services.ts';
import { auditTrail } from '../../src/control-plane/audit-trail.ts';
import type { Log } from '../../src/control-plane/log.ts';
import { createDeployment } from '../../src/control-plane/orchestration/create-deployment.ts';
import type { CreateRequest } from '../../src/control-plane/orchestration/requests.ts';
import type { WorkspacePrincipal } from '../../src/control-plane/principal.ts';
import { encryptionKeyFromText, keyring } from '../../src/control-plane/secrets/keyring.ts';
import { secretBox } from '../../src/control-plane/secrets/secret-box.ts';
import { type DatabaseLocation, openDatabase } from '../../src/control-plane/store/database.ts';
import type { OpenDatabase } from '../../src/control-plane/store/open-database.ts';
import { listeners } from '../../src/control-plane/store/schema.ts';
import type {
  DeploymentId,
  DeploymentName,
  ListenerId,
  NamespaceName,
  WorkspaceId,
} from '../../src/domain/identifiers.ts';
import { principalOf } from './control-plane.ts';

export const testKeyring = keyring(encryptionKeyFromText(randomBytes(32).toString('hex'), 'the test'));

export interface TowpathApi {
  readonly open: OpenDatabase;
  readonly services: TowpathServices;
  readonly app: OpenAPIHono;
  /** Everything that was logged, as one text. */
  logged(): string;
  /** Status and parsed body. */
  call(
    key: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: ReturnType<typeof JSON.parse> }>;
  stop(): Promise<void>;
}

export async function openTowpathApi(location: DatabaseLocation): Promise<TowpathApi> {
  const open = await openDatabase(location);
  const lines: string[] = [];
  const log = memoryLog(lines);
  const stopping = new AbortController();
  const now = () => new Date();
  const { database, changes } = open;
  const authenticate = authenticator({ database, changes, now, log });
  const trail = auditTrail({ database, now, log });
  const services = {
    database,
    changes,
    now,
    log,
    authenticate,
    secretBox: secretBox(testKeyring),
    stopping: stopping.signal,
    reachable: async () => ({ isUp: true, tookMs: 0 }),
    trail,
  };
  const app = new OpenAPIHono();
  app.onError(answerProblem(log));
  app.route('/', towpathRoutes(services));
  return {
    open,
    services,
    app,
    logged: () => lines.join('\n'),
    async call(key, method, path, body) {
      const answer = await app.request(path, {
        method,
        headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
    },
    async stop() {
      stopping.abort();
      await trail.close();
      await open.close();
    },
  };
}

export interface Tenant {
  readonly workspaceId: WorkspaceId;
  readonly listenerId: ListenerId;
  readonly workspaceKey: string;
  readonly listenerKey: string;
  readonly principal: WorkspacePrincipal;
}

/** A workspace with one listener and a key of each kind. */
export async function addTenant({ services }: TowpathApi): Promise<Tenant> {
  const { id: workspaceId } = await createWorkspace(services, null, `workspace ${crypto.randomUUID()}`);
  const listenerId = await addListener(services, workspaceId);
  const who = { workspaceId, name: 'Ada', email: 'ada@example.com' };
  const workspace = await createKey(services, null, { ...who, kind: 'workspace', listenerId: null });
  const listener = await createKey(services, null, { ...who, kind: 'listener', listenerId });
  return {
    workspaceId,
    listenerId,
    workspaceKey: workspace.key,
    listenerKey: listener.key,
    principal: principalOf(workspace, workspaceId),
  };
}

export async function addListener(
  { database }: Pick<TowpathServices, 'database'>,
  workspaceId: WorkspaceId,
): Promise<ListenerId> {
  const [row] = await database
    .insert(listeners)
    .values({
      workspaceId,
      computeType: 'k8s',
      computeId: crypto.randomUUID(),
      namespaces: ['default' as NamespaceName],
    })
    .returning({ id: listeners.id });
  if (!row) throw new Error('no listener');
  return row.id;
}

export function addDeployment(
  { services }: Pick<TowpathApi, 'services'>,
  { principal, listenerId }: Pick<Tenant, 'principal' | 'listenerId'>,
  name: string,
  secrets: Readonly<Record<string, string>> = {},
): Promise<DeploymentId> {
  const request = {
    name: name as DeploymentName,
    source: 'external_docker',
    source_config: { listener_id: listenerId, resource_spec: {} },
    source_revision_config: { image_uri: 'registry.example/chat:1' },
    secrets: Object.entries(secrets).map(([key, value]) => ({ name: key, value })),
  } satisfies CreateRequest;
  return createDeployment(services, principal, request).then(({ deployment }) => deployment.id);
}

function memoryLog(lines: string[]): Log {
  const write = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  return { debug: write, info: write, warn: write, error: write };
}
