import { spawn } from 'node:child_process';
import { and, eq, isNull } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patchDeployment } from '../../src/control-plane/orchestration/change-deployment.ts';
import { deleteDeployment } from '../../src/control-plane/orchestration/delete-deployment.ts';
import { recordReports } from '../../src/control-plane/orchestration/record-reports.ts';
import { readDesiredPage } from '../../src/control-plane/store/desired-page.ts';
import { deployments, listeners } from '../../src/control-plane/store/schema.ts';
import type { DesiredPage } from '../../src/domain/desired.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import type { Report } from '../../src/domain/report.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';
import { addDeployment, addTenant, openTowpathApi, type Tenant, type TowpathApi } from '../support/towpath-api.ts';

type Action = 'create' | 'revise' | 'delete' | 'report' | 'finish-removal';
const actions = fc.array(
  fc.constantFrom<Action>('create', 'create', 'revise', 'revise', 'delete', 'report', 'finish-removal'),
  {
    minLength: 3,
    maxLength: 12,
  },
);

/** Two processes on one Postgres are two openings of it; PGlite has one. */
const openings = { PGlite: 1, Postgres: 2 } as const;

describe.each(databaseKinds)('a reader that follows the cursor on %s', (kind) => {
  let databases: TestDatabases;
  let apis: readonly TowpathApi[];

  beforeAll(async () => {
    databases = await testDatabases(kind);
    const location = await databases.location();
    apis = await Promise.all(Array.from({ length: openings[kind] }, () => openTowpathApi(location)));
  });
  afterAll(async () => {
    for (const api of apis ?? []) await api.stop();
    await databases?.stop();
  });

  it('ends with the same state as a full listing, whatever happens at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actions, { minLength: 2, maxLength: 4 }), async (writers) => {
        const tenant = await addTenant(apiAt(0));
        const known: DeploymentId[] = [];
        let writing = true;

        const following = follow(tenant, () => writing);
        const raised = await Promise.all(writers.map((steps, at) => write(apiAt(at), tenant, known, steps, at)));
        writing = false;
        const followed = await following;

        const listed = await listAll(tenant);
        expect(presentOf(followed)).toEqual(presentOf(listed));
        for (const [id, state] of listed) expect(followed.get(id)).toBe(state);
        await expectCounter(tenant, raised.flat().filter(Boolean).length);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  const apiAt = (at: number): TowpathApi => {
    const api = apis[at % apis.length];
    if (!api) throw new Error('no api');
    return api;
  };

  /** Asks now this process, now the other. */
  async function follow(tenant: Tenant, writing: () => boolean): Promise<Map<string, string>> {
    const state = new Map<string, string>();
    let cursor: string | null = null;
    for (let turn = 0; ; turn += 1) {
      const last = !writing();
      const page: DesiredPage | null = await readDesiredPage(apiAt(turn).open.database, tenant.listenerId, cursor);
      if (!page) throw new Error('no page');
      apply(state, page);
      cursor = page.cursor;
      if (last && !page.more && page.items.length === 0) return state;
    }
  }

  async function listAll({ listenerId }: Tenant): Promise<Map<string, string>> {
    const state = new Map<string, string>();
    const page = await readDesiredPage(apiAt(0).open.database, listenerId, null);
    if (page) apply(state, page);
    return state;
  }

  /** No gap and no lost update: the counter is the number of changes, and each change has a number of its own. */
  async function expectCounter({ listenerId }: Tenant, raised: number): Promise<void> {
    const { database } = apiAt(0).open;
    const [listener] = await database.select().from(listeners).where(eq(listeners.id, listenerId));
    const rows = await database
      .select({ version: deployments.listenerVersion })
      .from(deployments)
      .where(and(eq(deployments.listenerId, listenerId), isNull(deployments.goneAt)));
    expect(listener?.changeVersion).toBe(raised);
    expect(new Set(rows.map((row) => row.version)).size).toBe(rows.length);
  }
});

describe('a control plane in another process', () => {
  it('wakes a long poll of this one', async () => {
    const databases = await testDatabases('Postgres');
    const location = await databases.location();
    const api = await openTowpathApi(location);
    try {
      const tenant = await addTenant(api);
      const page = await readDesiredPage(api.open.database, tenant.listenerId, null);
      const path = `/towpath/v1/listeners/${tenant.listenerId}/desired?wait=30&after=${page?.cursor}`;
      const waiting = api.call(tenant.listenerKey, 'GET', path);

      const other = spawn(process.execPath, [
        `${import.meta.dirname}/../support/other-process.ts`,
        JSON.stringify(location),
        JSON.stringify({ principal: tenant.principal, listenerId: tenant.listenerId }),
      ]);
      const created = await new Promise<string>((resolve) =>
        other.stdout.once('data', (id) => resolve(String(id).trim())),
      );

      expect((await waiting).body.items).toMatchObject([{ kind: 'present', deploymentId: created }]);
    } finally {
      await api.stop();
      await databases.stop();
    }
  });
});

/** Answers for each step whether it raised the listener's version. */
async function write(
  api: TowpathApi,
  tenant: Tenant,
  known: DeploymentId[],
  steps: readonly Action[],
  writer: number,
): Promise<boolean[]> {
  const raised: boolean[] = [];
  for (const [at, step] of steps.entries()) {
    raised.push(await act(api, tenant, known, step, `agent-${writer}-${at}`).catch(refused));
  }
  return raised;
}

/** What another writer has deleted meanwhile is refused, and raises nothing. */
function refused(error: unknown): boolean {
  if (error instanceof Error && error.name === 'Refusal') return false;
  throw error;
}

async function act(
  api: TowpathApi,
  tenant: Tenant,
  known: DeploymentId[],
  action: Action,
  name: string,
): Promise<boolean> {
  const id = known[name.length % Math.max(known.length, 1)];
  if (action === 'create' || id === undefined) {
    known.push(await addDeployment(api, tenant, name));
    return true;
  }
  if (action === 'revise') {
    const request = { source_revision_config: { image_uri: `registry.example/chat:${name}` } };
    await patchDeployment(api.services, tenant.principal, id, request);
    return true;
  }
  if (action === 'delete') {
    await deleteDeployment(api.services, tenant.principal, id, { force: false });
    return true;
  }
  await recordReports(api.services, tenant.listenerId, { term: 1, reports: [await reportFor(api, id, action)] });
  return false;
}

async function reportFor(api: TowpathApi, deploymentId: DeploymentId, action: Action): Promise<Report> {
  const said = { reason: 'Pushed', message: 'Pushed', commit: null, at: new Date().toISOString() };
  if (action === 'finish-removal')
    return { kind: 'removal', deploymentId, outcome: 'succeeded', retained: [], ...said };
  const [row] = await api.open.database.select().from(deployments).where(eq(deployments.id, deploymentId));
  if (!row?.latestRevisionId) throw new Error('no revision');
  const progress = { stage: 'committed', outcome: 'succeeded', pullRequest: null, url: null } as const;
  return { kind: 'revision', deploymentId, revisionId: row.latestRevisionId, ...progress, ...said };
}

function apply(state: Map<string, string>, page: DesiredPage): void {
  for (const item of page.items) state.set(item.deploymentId, item.kind === 'present' ? item.revisionId : 'removed');
}

function presentOf(state: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...state].filter(([, one]) => one !== 'removed').sort();
}
