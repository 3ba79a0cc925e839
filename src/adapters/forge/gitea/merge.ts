/** Merging on Gitea: by itself once its rules are met, and saying so where the listener has merged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { splitMessage } from '../../../domain/commit.ts';
import { asTowpathError, TowpathError } from '../../../domain/failure.ts';
import type { CommitId } from '../../../domain/identifiers.ts';
import type { MergeMethod, PullRequest } from '../../../domain/pull-request.ts';
import { messagesOf } from '../http/failure.ts';
import type { ForgeAnswer, ForgeHttp } from '../http/http.ts';

interface Surroundings {
  readonly http: ForgeHttp;
  readonly path: string;
}

/** Right after a push Gitea says "try again later" for as long as it checks for conflicts, and where it has found one. */
const tries = { most: 15, pauseMs: 200 } as const;

/** Null: it does, or has; else why it cannot, for people. */
export async function giteaAutoMerge(
  surroundings: Surroundings,
  { number, headCommit }: PullRequest,
  method: MergeMethod,
  message: string | null,
): Promise<string | null> {
  const words = method === 'squash' && message !== null ? splitMessage(message) : null;
  const said = words ? { MergeTitleField: words.subject, MergeMessageField: words.body } : {};
  const order = { Do: method, merge_when_checks_succeed: true, head_commit_id: headCommit, ...said };
  let isRenewed = words === null;
  for (let attempt = 1; ; attempt += 1) {
    const { status, body } = await merge(surroundings, number, order, `let pull request #${number} be merged`);
    if (status < 300) return null;
    const answer = messagesOf(body).join('; ');
    // What is scheduled already may say the words of an older revision.
    if (/already scheduled/i.test(answer) && !isRenewed) {
      isRenewed = await unschedule(surroundings, number);
      if (isRenewed) continue;
    }
    // 409 has other meanings, too: a head that moved, or a conflict found while merging.
    if (/already (?:merged|scheduled)/i.test(answer)) return null;
    // Forgejo, and Gitea until 1.23, find no words for one that is merged.
    if (answer === '') return (await isMerged(surroundings, number)) ? null : `the forge answered ${status}`;
    const isChecking = /try again later|out of date/i.test(answer);
    if (!isChecking) return answer;
    if (attempt === tries.most) throw undecided(surroundings, number);
    await sleep(tries.pauseMs);
  }
}

function undecided({ http }: Surroundings, number: number): TowpathError {
  const words = `Cannot let pull request #${number} be merged: it conflicts with the base, or ${http.server} still checks it`;
  return new TowpathError('transient', 'ForgeNotMergeable', `${words}; it is tried again`);
}

/** Gitea sees it by itself only where the repository detects it; where it allows the mark, it is told. */
export async function giteaMarkMerged(surroundings: Surroundings, number: number, commit: CommitId): Promise<boolean> {
  // The second name is what Forgejo calls it, and Gitea did before 1.26.
  const order = { Do: 'manually-merged', merge_commit_id: commit, MergeCommitID: commit };
  const { status, body } = await merge(surroundings, number, order, `mark pull request #${number} as merged`);
  const words = messagesOf(body).join('; ');
  return status < 300 || /already merged/i.test(words) || (words === '' && (await isMerged(surroundings, number)));
}

/** Whether it can be asked for anew. */
async function unschedule({ http, path }: Surroundings, number: number): Promise<boolean> {
  const purpose = `take back that pull request #${number} is to be merged`;
  const { status } = await http.delete(`${path}/pulls/${number}/merge`, { purpose, accept: [403, 404, 423] });
  return status < 300;
}

async function isMerged({ http, path }: Surroundings, number: number): Promise<boolean> {
  const purpose = `ask whether pull request #${number} is merged`;
  return (await http.get(`${path}/pulls/${number}/merge`, { purpose, accept: [404] })).status < 300;
}

async function merge(
  { http, path }: Surroundings,
  number: number,
  order: object,
  purpose: string,
): Promise<ForgeAnswer> {
  try {
    return await http.post(`${path}/pulls/${number}/merge`, order, { purpose, accept: [405, 409] });
  } catch (error) {
    // So Gitea answers a closed pull request, too.
    if (asTowpathError(error)?.reason !== 'ForgeMissing') throw error;
    throw new TowpathError('terminal', 'ForgeMissing', `Cannot ${purpose}: it is closed, or not there`, {
      cause: error,
    });
  }
}
