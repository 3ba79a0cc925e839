/** Says why nothing happens while a listener is silent; pure. */
import type { DeploymentRow, ListenerRow, RevisionRow } from '../store/rows.ts';
import type { ReportRefusal } from '../store/schema.ts';
import { isFinished } from './status.ts';

/** A listener's long poll ends well within this, so whoever says nothing for so long is not there. */
const silentMs = 2 * 60_000;

/** Whoever is refused tries again well within this; after it, nobody tries any more. */
const refusedMs = 30 * 60_000;

type Heard = Pick<ListenerRow, 'computeId' | 'lastSeenAt' | 'createdAt' | 'reportRefusal'>;

/** The revision's message and, where its listener is silent, since when. */
export function explain(revision: Pick<RevisionRow, 'status' | 'message'>, listener: Heard, now: Date): string {
  return isFinished(revision.status) ? revision.message : withSilence(revision.message, listener, now);
}

/** Why the deployment is as it is: while it awaits deletion, what stands in the way of that. */
export function explainDeployment(
  deployment: Pick<DeploymentRow, 'status'> & { readonly removalMessage: string | null },
  revision: Pick<RevisionRow, 'status' | 'message'>,
  listener: Heard,
  now: Date,
): string {
  if (deployment.status !== 'AWAITING_DELETE') return explain(revision, listener, now);
  const removal = deployment.removalMessage ?? `Waiting for listener ${listener.computeId} to remove it`;
  return withSilence(removal, listener, now);
}

function withSilence(message: string, listener: Heard, now: Date): string {
  const silence = describeSilence(listener, now);
  if (silence === null) return message;
  return message === '' ? silence : `${message} (${silence})`;
}

/** Null where its reports are taken. */
export function describeRefusal(refusal: ReportRefusal | null, now: Date): string | null {
  if (refusal === null || now.getTime() - new Date(refusal.at).getTime() > refusedMs) return null;
  return `its reports are refused since ${refusal.since}: ${refusal.message}`;
}

/** `listener dev last seen 14 min ago`, or why nobody listens to it; null while it is heard. */
export function describeSilence({ computeId, lastSeenAt, createdAt, reportRefusal }: Heard, now: Date): string | null {
  const refused = describeRefusal(reportRefusal, now);
  if (refused !== null) return `listener ${computeId}: ${refused}`;
  const silentFor = now.getTime() - (lastSeenAt ?? createdAt).getTime();
  if (lastSeenAt === null) return silentFor < silentMs ? null : `listener ${computeId} was never seen`;
  return silentFor < silentMs ? null : `listener ${computeId} last seen ${describeDuration(silentFor)} ago`;
}

function describeDuration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
