/** The deploy log as people need it: what happened and, while nothing happens, why. */
import type { WorkspacePrincipal } from '../principal.ts';
import type { Services } from '../services.ts';
import { findDetail, findRevision } from '../store/deployments.ts';
import { type LogPage, type LogQuery, listLogs } from '../store/list-logs.ts';
import type { ListenerRow } from '../store/rows.ts';
import { describeSilence } from './silence.ts';
import { isFinished, type RevisionStatus } from './status.ts';

interface LogQuestion extends LogQuery {
  /** True where the question is about a log that nobody keeps. */
  readonly none: boolean;
}

export async function readLog(
  { database, now }: Services,
  principal: WorkspacePrincipal,
  question: LogQuestion,
): Promise<LogPage> {
  const { deploymentId, revisionId } = question;
  const { deployment, listener, revision: latest } = await findDetail(database, principal.workspaceId, deploymentId);
  const revision = revisionId === undefined ? latest : await findRevision(database, deploymentId, revisionId);
  if (question.none) return { lines: [], next: null };
  const page = await listLogs(database, question);
  const state = deployment.status === 'AWAITING_DELETE' ? deployment.status : revision.status;
  const silence = silenceLine(state, listener, now());
  if (!silence || !matches(silence, question)) return page;
  // It is the newest line of all.
  if (question.order === 'desc')
    return question.after === undefined ? { ...page, lines: [silence, ...page.lines] } : page;
  return page.next === null ? { ...page, lines: [...page.lines, silence] } : page;
}

type Line = LogPage['lines'][number];

/** Not stored: it is true only as long as the silence lasts. Its id stays the same, so that it is shown once. */
function silenceLine(state: RevisionStatus | 'AWAITING_DELETE', listener: ListenerRow, now: Date): Line | null {
  const silence = state !== 'AWAITING_DELETE' && isFinished(state) ? null : describeSilence(listener, now);
  if (silence === null) return null;
  return {
    id: `silence-${(listener.lastSeenAt ?? listener.createdAt).getTime()}`,
    at: now,
    level: 'WARNING',
    message: `Still ${state}: ${silence}`,
  };
}

function matches(line: Line, { level, containing, from, until }: LogQuestion): boolean {
  return (
    (level === undefined || level === line.level) &&
    (containing === undefined || line.message.toLowerCase().includes(containing.toLowerCase())) &&
    (from === undefined || line.at >= from) &&
    (until === undefined || line.at <= until)
  );
}
