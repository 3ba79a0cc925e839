import { mkdtempSync, rmSync } from 'node:fs';
import { eq, sql } from 'drizzle-orm';
import { emptyDatabase } from './test/support/database.ts';
import { addDeployment, addTenant, openTowpathApi } from './test/support/towpath-api.ts';
import { listeners } from './src/control-plane/store/schema.ts';
import { rowsOf } from './src/control-plane/store/database.ts';
import * as P from './src/control-plane/store/desired-page.ts';
const dir = mkdtempSync('/tmp/cp2prof/page-');
await emptyDatabase(dir);
const api = await openTowpathApi({ dataFolder: dir });
const t = await addTenant(api);
await addDeployment(api, t, 'agent-0');
const db = api.open.database;
await db.execute(sql`insert into deployments (id, workspace_id, listener_id, namespace, name, status, latest_revision_id, listener_version) select gen_random_uuid(), workspace_id, listener_id, namespace, 'agent-' || n, status, latest_revision_id, 1 + n from deployments, generate_series(1, 10000) n where listener_id = ${t.listenerId}`);
await db.update(listeners).set({ changeVersion: 10001 }).where(eq(listeners.id, t.listenerId));
const [e] = await rowsOf<{ epoch: string }>(db, sql`select epoch from instance`);
const q = (P as any).selectPage(db, t.listenerId, { epoch: e!.epoch, version: 10001, sequence: Number.MAX_SAFE_INTEGER });
for (const r of await rowsOf<any>(db, sql`explain analyze ${q.getSQL()}`)) console.log(r['QUERY PLAN']);
const page = await P.readDesiredPage(db, t.listenerId, Buffer.from(JSON.stringify({ epoch: e!.epoch, version: 10001, sequence: Number.MAX_SAFE_INTEGER })).toString('base64url')); console.log(page!.items.length);
for (let i = 0; i < 30; i++) { const s = performance.now(); await P.readDesiredPage(db, t.listenerId, page!.cursor); if (i % 5 == 0) console.log('nothing new', (performance.now() - s).toFixed(2)); }
for (let i = 0; i < 30; i++) { const s = performance.now(); await db.select().from(listeners).where(eq(listeners.id, t.listenerId)); if (i % 5 == 0) console.log('trivial', (performance.now() - s).toFixed(2)); }
await api.stop(); rmSync(dir, { recursive: true });
