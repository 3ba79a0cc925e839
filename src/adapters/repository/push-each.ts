/** Delivers one pack to many branches, each a swap of its own: whatever comes back, each is settled by what it holds. */
import { TowpathError } from '../../domain/failure.ts';
import { failureOf, type GitFailure } from '../../git/failure.ts';
import { noObject } from '../../git/object-id.ts';
import type { EachReport, ReceivePack, RefUpdate } from '../../git/receive-pack.ts';
import { plainText } from '../../git/sideband.ts';
import type { UploadPack } from '../../git/upload-pack.ts';
import { gitError } from './failure.ts';
import { answerIn, breathe, lockWords, mostSendings, readPatiently, wantsToBeLeft } from './push.ts';

export interface BranchesWorld {
  readonly upload: Pick<UploadPack, 'listRefs'>;
  readonly receive: Pick<ReceivePack, 'pushEach'>;
  /** For messages. */
  readonly url: string;
  readonly signal: AbortSignal;
}

export type RefOutcome =
  | { readonly kind: 'pushed' }
  | { readonly kind: 'moved' }
  | {
      readonly kind: 'denied';
      readonly class: 'denied' | 'policy';
      readonly message: string;
      /** The server's own word for it, without what it tells people besides. */
      readonly reason: string | null;
    };

interface Packed {
  readonly updates: readonly RefUpdate[];
  /** Null where refs only go. */
  readonly pack: Buffer | null;
}

interface Refusal {
  readonly failure: GitFailure;
  readonly said: string;
  /** Null: said of the push as a whole, which then never came to this ref. */
  readonly reason: string | null;
}

/** What one sending came to: the refs that did not move, or that nobody knows. */
type Sent =
  | { readonly kind: 'answered'; readonly refused: ReadonlyMap<string, Refusal> }
  | { readonly kind: 'unclear'; readonly error: unknown };

/** By ref. Throws where the server gives no answer, or is in trouble, again and again. */
export async function deliverEach(world: BranchesWorld, packed: Packed): Promise<ReadonlyMap<string, RefOutcome>> {
  const settled = new Map<string, RefOutcome>();
  for (let sending = 1; ; sending++) {
    const open = packed.updates.filter(({ ref }) => !settled.has(ref));
    const sent = await send(world, { ...packed, updates: open });
    const standing = sent.kind === 'unclear' ? open : open.filter(({ ref }) => sent.refused.has(ref));
    for (const { ref } of open) if (!standing.some((one) => one.ref === ref)) settled.set(ref, { kind: 'pushed' });
    if (standing.length === 0) return settled;
    const refs = await readPatiently(() => world.upload.listRefs(prefixesOf(standing), world.signal), world.signal);
    for (const update of standing) {
      const refusal = sent.kind === 'unclear' ? null : (sent.refused.get(update.ref) ?? null);
      const outcome = outcomeOf({ world, update, refs, refusal, isLast: sending >= mostSendings });
      if (outcome) settled.set(update.ref, outcome);
    }
    if (settled.size === packed.updates.length) return settled;
    const isOver = sending >= mostSendings || (sent.kind === 'unclear' && wantsToBeLeft(sent.error));
    if (isOver) throw givenUp(world, standing, sent);
    await breathe(sending, world.signal);
  }
}

async function send(world: BranchesWorld, { updates, pack }: Packed): Promise<Sent> {
  try {
    return { kind: 'answered', refused: refusals(await world.receive.pushEach(updates, pack, world.signal)) };
  } catch (error) {
    const answer = answerIn(error, doing(world, updates));
    if (answer.kind === 'unclear') return answer;
    return { kind: 'answered', refused: new Map(updates.map(({ ref }) => [ref, { ...answer, reason: null }])) };
  }
}

function refusals({ pack, refs, remoteText }: EachReport): ReadonlyMap<string, Refusal> {
  const found = new Map<string, Refusal>();
  for (const { ref, refused } of refs) {
    if (pack !== null)
      found.set(ref, { failure: failureOf(pack, remoteText), said: saidOf(pack, remoteText), reason: null });
    else if (refused !== null) {
      found.set(ref, { failure: failureIn(refused, remoteText), said: saidOf(refused, remoteText), reason: refused });
    }
  }
  return found;
}

/** What the server says besides may be about another ref, so it counts only where the reason says nothing. */
function failureIn(reason: string, remoteText: string): GitFailure {
  const failure = failureOf(reason);
  return failure === 'transient' ? failureOf(reason, remoteText) : failure;
}

function saidOf(reason: string, remoteText: string): string {
  return plainText([reason, remoteText].filter((text) => text !== '').join('\n'));
}

/** All that may stand in the way of a branch has the first part of its name. */
function prefixesOf(updates: readonly RefUpdate[]): readonly string[] {
  return [...new Set(updates.map(({ ref }) => ref.split('/').slice(0, 3).join('/')))];
}

interface Standing {
  readonly world: BranchesWorld;
  readonly update: RefUpdate;
  readonly refs: ReadonlyMap<string, string>;
  /** Null: nobody knows what the server made of it. */
  readonly refusal: Refusal | null;
  readonly isLast: boolean;
}

/** Null: as it was, and worth another try. */
function outcomeOf(standing: Standing): RefOutcome | null {
  const { update, refs, refusal, isLast } = standing;
  const now = refs.get(update.ref) ?? noObject;
  if (now === update.newId) return { kind: 'pushed' };
  if (now !== update.oldId) return { kind: 'moved' };
  if (refusal === null) return null;
  const { failure, said, reason } = refusal;
  const blocking = now === noObject ? [...refs.keys()].find((other) => isInTheWay(other, update.ref)) : undefined;
  if (blocking !== undefined) {
    const why = `branch "${shortName(blocking)}" is in the way, for git cannot hold both; delete or rename it`;
    return denied(standing, 'denied', why);
  }
  if (failure === 'policy') return denied(standing, 'policy', `the server refuses it: "${said}"`);
  if (failure === 'denied' || failure === 'auth') return denied(standing, 'denied', `the server refuses it: "${said}"`);
  // What ails the server itself is no verdict on this branch.
  if (!isLast || reason === null) return null;
  const why = failure === 'moved' ? lockWords(said, update.ref) : `the server refused ${mostSendings} times: "${said}"`;
  return denied(standing, 'denied', why);
}

function denied({ world, update, refusal }: Standing, of: 'denied' | 'policy', why: string): RefOutcome {
  return {
    kind: 'denied',
    class: of,
    message: `Cannot ${doing(world, [update])}: ${why}`,
    reason: refusal?.reason ?? null,
  };
}

function isInTheWay(other: string, ref: string): boolean {
  return ref.startsWith(`${other}/`) || other.startsWith(`${ref}/`);
}

function givenUp(world: BranchesWorld, updates: readonly RefUpdate[], sent: Sent): TowpathError {
  const what = doing(world, updates);
  if (sent.kind === 'unclear') return gitError(what, sent.error);
  const [first] = sent.refused.values();
  return new TowpathError('transient', 'PushFailed', `Cannot ${what}: the server says "${first?.said ?? ''}"`);
}

function doing({ url }: BranchesWorld, updates: readonly RefUpdate[]): string {
  const [first, ...others] = updates;
  const verb = first?.newId === noObject ? 'delete' : 'push to';
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return `${verb} branch "${shortName(first?.ref ?? '')}"${more} of ${url}`;
}

function shortName(ref: string): string {
  return ref.replace('refs/heads/', '');
}
