/** `towpath hold release history`: writes down at the head that it is accepted without a commit of ours. */
import { acceptanceDraft, acceptedHistoryFile } from '../../core/accepted-history.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import { descends, lostCommit, newestReported, readAcceptedHistory } from '../evidence.ts';
import type { Command, Intent, Look, Operation } from './operate.ts';
import type { ReleaseShown } from './release.ts';
import { changesShown } from './shown.ts';

/** `commit` as the listener's message names it; null: the newest that was reported. */
export function releaseHistory(
  operation: Operation,
  commit: CommitId | null,
  confirm: Command<ReleaseShown>['confirm'],
): Command<ReleaseShown> {
  return { always: 'direct', confirm, decide: (look) => accepting(operation, look, commit), explain: notWritten };
}

async function accepting(operation: Operation, look: Look, commit: CommitId | null): Promise<Intent<ReleaseShown>> {
  const { context, view } = look;
  const { snapshot } = view;
  const { namespace, repository } = context;
  const { head } = snapshot;
  if (head === null) return nothing(`Branch ${repository.branch} of ${repository.url} is empty: there is no history.`);
  if (commit !== null && (await descends(repository, snapshot, commit))) throw stillThere(look, commit);
  const lost = await lostOf(look, commit);
  if (lost.length === 0) {
    return nothing(
      `The history of branch ${repository.branch} of ${repository.url} is ours: nothing waits to be accepted.`,
    );
  }
  const draft = acceptanceDraft({
    before: await readAcceptedHistory(repository, snapshot),
    lost,
    head,
    namespace,
    listenerId: context.listenerId,
    towpathVersion: context.towpathVersion,
    operator: operation.operator,
    committer: context.committer,
    now: context.clock.now(),
  });
  const drafts = [{ path: acceptedHistoryFile, commit: draft }];
  const warnings = [
    `Head ${head.slice(0, 12)} of branch ${repository.branch} does not descend from ${lost.map((each) => each.slice(0, 12)).join(' and ')}; ` +
      'what is wanted and not there is laid down again on it.',
  ];
  return { shown: { ...(await changesShown(look, drafts)), warnings }, drafts };
}

/** The newest reported one, too: a listener that starts anew knows of no other. */
async function lostOf({ context, view, items }: Look, commit: CommitId | null): Promise<readonly CommitId[]> {
  const { namespace, repository, settings } = context;
  const lost = new Set<CommitId>();
  for (const pushed of [commit, newestReported(items)]) {
    if (pushed === null) continue;
    const known = { namespace, pushed, accepted: settings.acceptHistory, desired: items };
    const found = await lostCommit(repository, view.snapshot, known);
    if (found !== null) lost.add(found);
  }
  return [...lost];
}

/** A base that takes changes by pull requests alone takes this commit from nobody. */
function notWritten(error: unknown, { context, view }: Look): unknown {
  const known = asTowpathError(error);
  if (known === undefined || !refusals.has(known.reason)) return error;
  const { branch, url } = context.repository;
  const message =
    `Cannot accept the history of branch ${branch} of ${url} by a commit: the server does not take it; allow the ` +
    `listener’s account to push there, or say acceptHistory: ${view.snapshot.head} in the configuration of ` +
    `namespace ${context.namespace}`;
  return new TowpathError('terminal', known.reason, message, { cause: error });
}

const refusals: ReadonlySet<string> = new Set(['PushDenied', 'PushRefusedByPolicy']);

function nothing(sentence: string): Intent<ReleaseShown> {
  return { shown: { commits: [], warnings: [sentence] }, drafts: [] };
}

function stillThere({ context, view }: Look, commit: CommitId): TowpathError {
  const message =
    `Cannot accept a history without ${commit.slice(0, 12)}: head ${view.snapshot.head?.slice(0, 12)} of branch ` +
    `${context.repository.branch} descends from it; nothing has to be accepted`;
  return new TowpathError('terminal', 'NotRewritten', message);
}
