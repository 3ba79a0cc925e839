/** Writes down a batch of a listener's reports, in one transaction and few statements. */
import { setImmediate } from 'node:timers/promises';
import { and, asc, eq, inArray, isNull, type SQLWrapper, sql } from 'drizzle-orm';
import type { DeploymentId, ListenerId, NamespaceName, RevisionId } from '../../domain/identifiers.ts';
import type { LaneReport, Report, ReportBatch, RevisionReport } from '../../domain/report.ts';
import { audit } from '../audit.ts';
import { Refusal } from '../refusal.ts';
import { forgetSecrets } from '../secrets/secret-sets.ts';
import type { Services } from '../services.ts';
import { revisionState } from '../store/deployments.ts';
import type { Transaction } from '../store/open-database.ts';
import { deployments, lanes, listeners, revisionLogs, revisions } from '../store/schema.ts';
import { changeTogether } from '../store/together.ts';
import { changeInTurn } from '../store/turns.ts';
import { type Folded, foldReports, type Ignored, type Known, replayKey, timeOf } from './fold-reports.ts';
import { targetOf } from './locking.ts';
import { withWebAddresses } from './reported-addresses.ts';
import { type Unserved, unservedLanes } from './served-lanes.ts';
import { acceptTerm, noteRefusal } from './terms.ts';

/** So many reports and bytes of them at a time, and whoever else waits has their turn in between. */
const mostOfSlice = 100;
const mostBytesOfSlice = 128 * 1024;

/** Answers which of them were of no use, and why: a deployment may be gone before its last report arrives. */
export async function recordReports(
  services: Pick<Services, 'database' | 'now'>,
  listenerId: ListenerId,
  { term, reports: received }: ReportBatch,
): Promise<readonly Ignored[]> {
  const { database, now } = services;
  const { reports, dropped } = withWebAddresses(received);
  try {
    return await changeInTurn(database, listenerId, async (transaction) => {
      const { namespaces } = await acceptTerm(transaction, listenerId, term, now());
      const unserved = unservedLanes(reports, namespaces, now());
      await noteDropped(transaction, listenerId, unserved);
      const served = new Set(namespaces);
      const ignored: Ignored[] = [];
      let from = 0;
      for (const slice of slicesOf(reports)) {
        await setImmediate();
        const useless = await recordSlice(transaction, { listenerId, served, reports: slice, at: now() });
        for (const { index, why } of useless) ignored.push({ index: from + index, why });
        from += slice.length;
      }
      return [...ignored, ...unserved.ignored, ...dropped];
    });
  } catch (error) {
    if (error instanceof Refusal) await noteRefusal(services, listenerId, error.message);
    throw error;
  }
}

function slicesOf(reports: readonly Report[]): readonly Report[][] {
  const slices: Report[][] = [];
  let bytes = 0;
  for (const report of reports) {
    const size = JSON.stringify(report).length;
    const slice = slices.at(-1);
    bytes += size;
    if (slice !== undefined && slice.length < mostOfSlice && bytes <= mostBytesOfSlice) slice.push(report);
    else {
      slices.push([report]);
      bytes = size;
    }
  }
  return slices;
}

interface Slice {
  readonly listenerId: ListenerId;
  readonly served: ReadonlySet<NamespaceName>;
  readonly reports: readonly Report[];
  readonly at: Date;
}

async function recordSlice(transaction: Transaction, slice: Slice): Promise<readonly Ignored[]> {
  const { listenerId, reports, at } = slice;
  const known = await readKnown(transaction, listenerId, reports, at);
  const folded = foldReports(known, reports, at);
  await changeTogether(transaction, [
    ...(folded.revisions.size > 0 ? [updatedRevisions(folded)] : []),
    ...(folded.deployments.size > 0 ? [updatedDeployments(folded)] : []),
    ...(folded.lines.length > 0 ? [transaction.insert(revisionLogs).values([...folded.lines])] : []),
    ...writtenLanes(transaction, slice),
  ]);
  await endGone(transaction, folded);
  await noteHeldRemovals(transaction, known, folded);
  return folded.ignored;
}

async function readKnown(
  transaction: Transaction,
  listenerId: ListenerId,
  reports: readonly Report[],
  now: Date,
): Promise<Known> {
  const about = reports.filter((report) => report.kind !== 'lane');
  if (about.length === 0) return { deployments: new Map(), revisions: new Map(), lines: new Set() };
  const owned = await transaction
    .select()
    .from(deployments)
    .where(
      and(
        inArray(deployments.id, unique(about.map((report) => report.deploymentId))),
        eq(deployments.listenerId, listenerId),
        isNull(deployments.goneAt),
      ),
    )
    .orderBy(asc(deployments.id))
    .for('update');
  const revisionIds = unique([
    ...about
      .filter((report): report is RevisionReport => report.kind === 'revision')
      .map((report) => report.revisionId),
    ...owned.flatMap(({ activeRevisionId, latestRevisionId }) => [activeRevisionId, latestRevisionId]),
  ]);
  if (revisionIds.length === 0) return { deployments: byId(owned), revisions: new Map(), lines: new Set() };
  const times = [...new Set(about.map((report) => timeOf(report, now).getTime()))].map((time) => new Date(time));
  const [found, lines] = [
    await transaction.select(revisionState).from(revisions).where(inArray(revisions.id, revisionIds)),
    await transaction
      .select({ revisionId: revisionLogs.revisionId, at: revisionLogs.reportedAt, message: revisionLogs.message })
      .from(revisionLogs)
      .where(and(inArray(revisionLogs.revisionId, revisionIds), inArray(revisionLogs.reportedAt, times))),
  ];
  return {
    deployments: byId(owned),
    revisions: byId(found),
    lines: new Set(lines.flatMap(({ revisionId, at, message }) => (at ? replayKey(revisionId, at, message) : []))),
  };
}

/** One statement for all of them; a thousand single ones would hold the listener's row too long. */
function updatedRevisions({ revisions: changed }: Folded): SQLWrapper {
  return sql`(
    update revisions set status = v.status, stage = v.stage, outcome = v.outcome, reason = v.reason,
      message = v.message, commit = v.commit, pull_request = v."pullRequest", last_report = v."lastReport",
      updated_at = v."updatedAt", finished_at = v."finishedAt"
    from jsonb_to_recordset(${JSON.stringify([...changed.values()])}::jsonb) as v(
      id uuid, status text, stage text, outcome text, reason text, message text, commit text, "pullRequest" text,
      "lastReport" jsonb, "updatedAt" timestamptz, "finishedAt" timestamptz)
    where revisions.id = v.id)`;
}

function updatedDeployments({ deployments: changed }: Folded): SQLWrapper {
  return sql`(
    update deployments set status = v.status, active_revision_id = v."activeRevisionId",
      reported_url = v."reportedUrl", last_report = v."lastReport", last_removal_report = v."lastRemovalReport",
      gone_at = v."goneAt", updated_at = v."updatedAt"
    from jsonb_to_recordset(${JSON.stringify([...changed.values()])}::jsonb) as v(
      id uuid, status text, "activeRevisionId" uuid, "reportedUrl" text, "lastReport" jsonb,
      "lastRemovalReport" jsonb, "goneAt" timestamptz, "updatedAt" timestamptz)
    where deployments.id = v.id)`;
}

async function endGone(transaction: Transaction, { deployments: changed }: Folded): Promise<void> {
  for (const deployment of changed.values()) {
    if (deployment.goneAt === null) continue;
    await forgetSecrets(transaction, deployment.id);
    const retained = deployment.lastRemovalReport?.retained ?? [];
    await audit(transaction, null, 'deployment.gone', targetOf(deployment), { retained });
  }
}

/** Once for each reason: whoever asked for the removal, and whoever audits it, should find why it does not end. */
async function noteHeldRemovals(
  transaction: Transaction,
  known: Known,
  { deployments: changed }: Folded,
): Promise<void> {
  for (const [id, deployment] of changed) {
    const [before, now] = [known.deployments.get(id)?.lastRemovalReport, deployment.lastRemovalReport];
    if (now?.outcome !== 'failed' || (before?.outcome === 'failed' && before.reason === now.reason)) continue;
    const { reason, message } = now;
    await audit(transaction, null, 'deployment.removal-held', targetOf(deployment), { reason, message });
  }
}

/** Shown until nothing was dropped for a day, or the namespaces change. */
async function noteDropped(transaction: Transaction, listenerId: ListenerId, { dropped }: Unserved): Promise<void> {
  if (dropped === null) return;
  await transaction.update(listeners).set({ droppedReports: dropped }).where(eq(listeners.id, listenerId));
}

function writtenLanes(
  transaction: Transaction,
  { listenerId, served, reports, at: updatedAt }: Slice,
): readonly SQLWrapper[] {
  const said = reports.filter((report): report is LaneReport => report.kind === 'lane' && served.has(report.namespace));
  const last = new Map(said.map((report) => [report.namespace, report]));
  if (last.size === 0) return [];
  const rows = [...last.values()].map((report) => ({ listenerId, namespace: report.namespace, report, updatedAt }));
  const set = { report: sql`excluded.report`, updatedAt: sql`excluded.updated_at` };
  return [
    transaction
      .insert(lanes)
      .values(rows)
      .onConflictDoUpdate({ target: [lanes.listenerId, lanes.namespace], set }),
  ];
}

function unique<Id extends DeploymentId | RevisionId>(ids: readonly (Id | null)[]): Id[] {
  return [...new Set(ids.filter((id) => id !== null))].sort();
}

function byId<Row extends { readonly id: DeploymentId | RevisionId }>(rows: readonly Row[]) {
  return new Map<Row['id'], Row>(rows.map((row) => [row.id, row]));
}
