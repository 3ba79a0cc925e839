/** Says why nothing happens while a listener is silent; pure. */
import type { ListenerRow, RevisionRow } from '../store/rows.ts';
import { isFinished } from './status.ts';

/** A listener's long poll ends well within this, so whoever says nothing for so long is not there. */
const silentMs = 2 * 60_000;

/** The revision's message and, where its listener is silent, since when. */
export function explain(
  revision: Pick<RevisionRow, 'status' | 'message'>,
  listener: Pick<ListenerRow, 'computeId' | 'lastSeenAt' | 'createdAt'>,
  now: Date,
): string {
  const silence = isFinished(revision.status) ? null : describeSilence(listener, now);
  if (silence === null) return revision.message;
  return revision.message === '' ? silence : `${revision.message} (${silence})`;
}

/** `listener dev last seen 14 min ago`; null while it is heard. */
export function describeSilence(
  { computeId, lastSeenAt, createdAt }: Pick<ListenerRow, 'computeId' | 'lastSeenAt' | 'createdAt'>,
  now: Date,
): string | null {
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
