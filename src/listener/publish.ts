/** Step 8, publish: all commits in one push; where a policy refuses it, the neighbours of the bad one still get through. */
import { plainLine } from '../core/plain-line.ts';
import { pushesPerMinuteOf } from '../core/request-budget.ts';
import { TowpathError } from '../domain/failure.ts';
import type { CommitId } from '../domain/identifiers.ts';
import type { Snapshot } from '../ports.ts';
import type { LaneContext, LaneMemory } from './context.ts';
import type { Draft } from './draft.ts';

/** The push did not come through, and the next attempt begins with a new look at the head. */
export class TryAgain extends Error {}

type Sendable = Pick<Draft, 'commit'>;

interface Published<D extends Sendable = Draft> {
  readonly snapshot: Snapshot;
  readonly pushed: readonly { readonly draft: D; readonly commit: CommitId }[];
  /** What the server's policy refused by itself, with its words. */
  readonly refused: readonly { readonly draft: D; readonly error: TowpathError }[];
  /** True where some were not sent yet: somebody else was faster in between, or the budget is spent. */
  readonly unsent: boolean;
}

/** Throws TryAgain where the head moved before anything was pushed, TowpathError where nothing at all is let in. */
export async function publishDrafts<D extends Sendable>(
  context: LaneContext,
  memory: LaneMemory,
  snapshot: Snapshot,
  drafts: readonly D[],
): Promise<Published<D>> {
  const waiting: (readonly D[])[] = [drafts];
  const pushed: { draft: D; commit: CommitId }[] = [];
  const refused: { draft: D; error: TowpathError }[] = [];
  let head = snapshot;
  for (let sendings = 1; waiting.length > 0; sendings++) {
    const chunk = waiting.shift() ?? [];
    const outcome = await sendChunk(context, memory, head, chunk, pushed.length > 0);
    if (outcome === null) return { snapshot: head, pushed, refused, unsent: true };
    if (outcome.kind === 'pushed') {
      head = outcome.snapshot;
      memory.pushed = outcome.commits.at(-1) ?? memory.pushed;
      pushed.push(...chunk.flatMap((draft, index) => withCommit(draft, outcome.commits[index])));
    } else if (outcome.error.reason === 'PushRefusedByPolicy' && chunk.length > 1 && sendings < mostSendings) {
      const middle = Math.ceil(chunk.length / 2);
      waiting.unshift(chunk.slice(0, middle), chunk.slice(middle));
    } else {
      refused.push(...chunk.map((draft) => ({ draft, error: outcome.error })));
    }
  }
  const [first] = refused;
  if (pushed.length === 0 && first) throw first.error;
  return { snapshot: head, pushed, refused, unsent: false };
}

/** Finds one bad draft among a thousand; several bad ones take more than one pass. */
const mostSendings = 12;

type Sent =
  | { readonly kind: 'pushed'; readonly commits: readonly CommitId[]; readonly snapshot: Snapshot }
  | { readonly kind: 'denied'; readonly error: TowpathError };

/** Null: not now, and what was pushed before must be told first. */
async function sendChunk(
  context: LaneContext,
  memory: LaneMemory,
  snapshot: Snapshot,
  chunk: readonly Sendable[],
  isLater: boolean,
): Promise<Sent | null> {
  refuseWithoutLeadership(context);
  const wait = budgetWait(context, memory);
  if (wait > 0 && isLater) return null;
  if (wait > 0) throw overBudget(context, wait);
  const outcome = await context.repository.publish(
    snapshot,
    chunk.map((draft) => draft.commit),
  );
  if (outcome.kind === 'pushed') return outcome;
  if (outcome.kind === 'moved' && isLater) return null;
  if (outcome.kind === 'moved') throw new TryAgain(`branch ${context.repository.branch} moved`);
  return { kind: 'denied', error: deniedError(outcome) };
}

/** A process that slept for a while finds the branch as its successor left it; it must not even try. */
export function refuseWithoutLeadership({ leadership, repository }: LaneContext): void {
  if (leadership.isHeld()) return;
  const message = `Cannot push to ${repository.url}: another replica of this listener leads now; it goes on from here`;
  throw new TowpathError('waiting', 'NotLeading', message);
}

/** A forge counts pushes a minute; beyond that a pass waits, and takes along what arrives meanwhile. */
export function budgetWait({ settings, clock }: LaneContext, { pushes }: LaneMemory): number {
  const budget = pushesPerMinuteOf(settings);
  if (budget === undefined) return 0;
  const now = clock.now().getTime();
  while (pushes[0] !== undefined && pushes[0] <= now - 60_000) pushes.shift();
  if (pushes[0] !== undefined && pushes.length >= budget) return pushes[0] + 60_000 - now;
  pushes.push(now);
  return 0;
}

function overBudget({ repository, settings }: LaneContext, retryAfterMs: number): TowpathError {
  const message = `Cannot push to ${repository.url} yet: pushesPerMinute is ${pushesPerMinuteOf(settings)}; it waits for its turn`;
  return new TowpathError('waiting', 'PushBudget', message, { retryAfterMs });
}

/** The repository tries a refusal that may pass by itself; one that it hands on is the server's last word. */
export function deniedError(outcome: { readonly class: 'denied' | 'policy'; readonly message: string }): TowpathError {
  const reason = outcome.class === 'policy' ? 'PushRefusedByPolicy' : 'PushDenied';
  const advice =
    'allow the listener’s account to push there, or mend what the server names; a listener tries again by itself';
  return new TowpathError('terminal', reason, `${plainLine(outcome.message, 2000)}; ${advice}`);
}

function withCommit<D>(draft: D, commit: CommitId | undefined): { draft: D; commit: CommitId }[] {
  return commit === undefined ? [] : [{ draft, commit }];
}
