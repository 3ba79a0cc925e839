/** A whole control plane in this process, with a workspace and a listener to try its public API on. */
import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { createKey, type KeySummary } from '../../src/control-plane/access/keys.ts';
import { createWorkspace } from '../../src/control-plane/access/workspaces.ts';
import { type OpenControlPlane, openControlPlane } from '../../src/control-plane/control-plane.ts';
import { createListener } from '../../src/control-plane/orchestration/listeners.ts';
import { recordReports } from '../../src/control-plane/orchestration/record-reports.ts';
import type { WorkspacePrincipal } from '../../src/control-plane/principal.ts';
import { encryptionKeyFromText, keyring } from '../../src/control-plane/secrets/keyring.ts';
import type { DatabaseLocation } from '../../src/control-plane/store/database.ts';
import { listeners } from '../../src/control-plane/store/schema.ts';
import type { DeploymentId, ListenerId, NamespaceName, RevisionId, WorkspaceId } from '../../src/domain/identifiers.ts';
import type { RemovalReport, RevisionReport } from '../../src/domain/report.ts';

export const digest = `sha256:${'6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b'}`;
export const image = `registry.example.com/agents/chat:1.0.0@${digest}`;
export const otherImage =
  'registry.example.com/agents/chat@sha256:d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came back
  readonly body: any;
}

export interface TestControlPlane extends OpenControlPlane {
  readonly adminKey: string;
  /** Everything that was logged, as one text. */
  logged(): string;
  /** What the clock says; moved by tests. */
  clock: { now: Date };
  /** A workspace of its own for each test: nothing has to be cleaned up. */
  tenant(...namespaces: string[]): Promise<Tenant>;
}

export interface Tenant {
  readonly workspaceId: WorkspaceId;
  readonly listenerId: ListenerId;
  readonly key: string;
  readonly principal: WorkspacePrincipal;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The body of a creation that succeeds, with changes. */
  creation(name: string, changes?: Record<string, unknown>): Record<string, unknown>;
  deploy(name: string, changes?: Record<string, unknown>): Promise<{ id: DeploymentId; revisionId: RevisionId }>;
  report(id: DeploymentId, revisionId: RevisionId, report: Partial<RevisionReport>): Promise<void>;
  removed(id: DeploymentId, report?: Partial<RemovalReport>): Promise<void>;
  listenerVersion(): Promise<number>;
}

let made = 0;

export async function testControlPlane(
  location: DatabaseLocation,
  options: { readonly towpathCalls?: boolean; readonly requestsPerSecond?: number } = {},
): Promise<TestControlPlane> {
  const lines: string[] = [];
  const note = (message: string, fields: unknown = {}) => lines.push(`${message} ${JSON.stringify(fields)}`);
  const clock = { now: new Date('2026-11-23T08:00:00.000Z') };
  const open = await openControlPlane({
    location,
    keyring: keyring(encryptionKeyFromText(randomBytes(32).toString('hex'), 'the test')),
    adminKey: undefined,
    log: { debug: note, info: note, warn: note, error: note },
    // Each look at the clock is a millisecond later, so that "newest first" is no matter of chance.
    now: () => {
      clock.now = new Date(clock.now.getTime() + 1);
      return clock.now;
    },
    ...options,
  });
  if (open.newAdminKey === null) throw new Error('Expected a new database');
  const plane = { ...open, adminKey: open.newAdminKey, clock, logged: () => lines.join('\n') };
  return { ...plane, tenant: (...namespaces) => makeTenant(open, namespaces) };
}

async function makeTenant({ app, services }: OpenControlPlane, namespaces: readonly string[]): Promise<Tenant> {
  made += 1;
  const workspace = await createWorkspace(services, null, `workspace ${made}`);
  const workspaceId = workspace.id;
  const person = { name: 'Ada', email: 'ada@example.com' };
  const created = await createKey(services, null, { kind: 'workspace', workspaceId, listenerId: null, ...person });
  const principal = principalOf(created, workspaceId);
  const served = (namespaces.length > 0 ? namespaces : ['default', 'team-a']) as NamespaceName[];
  const listener = await createListener(services, principal, { computeId: 'dev', namespaces: served, version: null });
  const call: Tenant['call'] = async (method, path, body, headers = {}) => {
    const answer = await app.request(path, {
      method,
      headers: {
        'x-api-key': created.key,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: parse(text) };
  };
  const creation: Tenant['creation'] = (name, changes = {}) => ({
    name,
    source: 'external_docker',
    source_config: { resource_spec: {}, listener_id: listener.id, listener_config: { k8s_namespace: served[0] } },
    source_revision_config: { image_uri: image },
    secrets: [],
    ...changes,
  });
  const report = (reports: Parameters<typeof recordReports>[2]['reports']) =>
    recordReports(services, listener.id, { term: 1, reports }).then(() => undefined);
  return {
    workspaceId,
    listenerId: listener.id,
    key: created.key,
    principal,
    call,
    creation,
    async deploy(name, changes) {
      const { status, body } = await call('POST', '/v2/deployments', creation(name, changes));
      if (status !== 201) throw new Error(`Cannot deploy ${name}: ${status} ${JSON.stringify(body)}`);
      return { id: body.id, revisionId: body.latest_revision_id };
    },
    report: (deploymentId, revisionId, changes) =>
      report([{ ...progress, kind: 'revision', deploymentId, revisionId, ...changes }]),
    removed: (deploymentId, changes) => report([{ ...removal, deploymentId, ...changes }]),
    async listenerVersion() {
      const [row] = await services.database.select().from(listeners).where(eq(listeners.id, listener.id));
      return row?.changeVersion ?? -1;
    },
  };
}

/** What the authenticator makes of a workspace key that the control plane made. */
export function principalOf(
  { id, name, email }: Pick<KeySummary, 'id' | 'name' | 'email'>,
  workspaceId: WorkspaceId,
): WorkspacePrincipal {
  const common = { proof: 'admin', maker: null, expiresAt: null, origin: null } as const;
  return { kind: 'workspace', keyId: id, workspaceId, name, email, ...common };
}

const at = '2026-11-23T08:00:00.000Z';
const progress: Omit<RevisionReport, 'kind' | 'deploymentId' | 'revisionId'> = {
  stage: 'rendered',
  outcome: 'progressing',
  reason: 'Rendered',
  message: 'Rendered 12 files',
  commit: null,
  pullRequest: null,
  url: null,
  at,
};
const removal: Omit<RemovalReport, 'deploymentId'> = {
  kind: 'removal',
  outcome: 'succeeded',
  reason: 'Removed',
  message: 'Nothing is left',
  commit: null,
  retained: [],
  at,
};

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}
