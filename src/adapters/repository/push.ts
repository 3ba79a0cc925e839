/** Delivers one pack: whatever the connection does, the answer is what the branch really holds afterwards. */
import { setTimeout as pause } from 'node:timers/promises';
import { TowpathError } from '../../domain/failure.ts';
import { failureOf, type GitFailure } from '../../git/failure.ts';
import type { PushReport, ReceivePack, RefUpdate } from '../../git/receive-pack.ts';
import { plainText, RemoteError } from '../../git/sideband.ts';
import { TransportError } from '../../git/transport.ts';
import { gitError } from './failure.ts';

interface Delivery {
  readonly update: RefUpdate;
  readonly pack: Buffer;
}

interface DeliveryWorld {
  readonly receive: Pick<ReceivePack, 'push'>;
  /** For messages. */
  readonly url: string;
  readonly branch: string;
  readonly readHead: () => Promise<string | null>;
  /** Whether `head` holds `ancestor` in its history. */
  readonly descends: (head: string, ancestor: string) => Promise<boolean>;
  readonly signal: AbortSignal;
}

type DeliveryOutcome =
  | { readonly kind: 'pushed' }
  | { readonly kind: 'moved' }
  | { readonly kind: 'denied'; readonly class: 'denied' | 'policy'; readonly message: string };

/** What one sending came to, before the branch was looked at. */
type Answer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly failure: GitFailure; readonly said: string }
  | { readonly kind: 'unclear'; readonly error: unknown };

export const mostSendings = 3;
const firstPauseMs = 100;

export async function deliver(world: DeliveryWorld, delivery: Delivery): Promise<DeliveryOutcome> {
  const { oldId, newId } = delivery.update;
  let everUnclear = false;
  for (let sending = 1; ; sending++) {
    const answer = await send(world, delivery);
    if (answer.kind === 'accepted') return { kind: 'pushed' };
    everUnclear ||= answer.kind === 'unclear';
    // No head is the old id of a branch that is to be made.
    const head = (await readPatiently(world.readHead, world.signal)) ?? absent;
    if (head === newId) return { kind: 'pushed' };
    if (head !== oldId)
      return (await isBelow(world, everUnclear, head, newId)) ? { kind: 'pushed' } : { kind: 'moved' };
    const settled = settle(world, answer, sending);
    if (settled) return settled;
    await breathe(sending, world.signal);
  }
}

export async function breathe(tries: number, signal: AbortSignal): Promise<void> {
  await pause(firstPauseMs * 2 ** tries * (0.5 + Math.random()), undefined, { signal });
}

const absent = '0'.repeat(40);

async function send({ receive, url, branch, signal }: DeliveryWorld, { update, pack }: Delivery): Promise<Answer> {
  try {
    return answerOf(await receive.push([update], pack, signal));
  } catch (error) {
    return answerIn(error, `push to branch "${branch}" of ${url}`);
  }
}

/** What never came to the branch's own judgement; throws what no other sending would change. */
export function answerIn(error: unknown, doing: string): Exclude<Answer, { readonly kind: 'accepted' }> {
  if (error instanceof RemoteError) return refusal(error.message);
  if (error instanceof TransportError && error.failure === 'unreachable') return { kind: 'unclear', error };
  throw gitError(doing, error);
}

function answerOf({ refused, remoteText }: PushReport): Answer {
  return refused === null ? { kind: 'accepted' } : refusal(refused, remoteText);
}

function refusal(reason: string, remoteText = ''): Extract<Answer, { readonly kind: 'refused' }> {
  const said = plainText([reason, remoteText].filter((text) => text !== '').join('\n'));
  return { kind: 'refused', failure: failureOf(reason, remoteText), said };
}

/** The branch stands still: an end to it, or null to send the very same once more. */
function settle(world: DeliveryWorld, answer: Answer, sending: number): DeliveryOutcome | null {
  const doing = `push to branch "${world.branch}" of ${world.url}`;
  if (answer.kind === 'refused' && (answer.failure === 'policy' || answer.failure === 'denied')) {
    const message = `Cannot ${doing}: the server refuses it: "${answer.said}"`;
    return { kind: 'denied', class: answer.failure, message };
  }
  if (answer.kind === 'refused' && answer.failure === 'auth') throw gitError(doing, new RemoteError(answer.said));
  if (sending < mostSendings && !(answer.kind === 'unclear' && wantsToBeLeft(answer.error))) return null;
  if (answer.kind === 'unclear') throw gitError(doing, answer.error);
  if (answer.kind === 'refused' && answer.failure === 'moved') {
    return { kind: 'denied', class: 'denied', message: `Cannot ${doing}: ${lockWords(answer.said)}` };
  }
  const said = answer.kind === 'refused' ? answer.said : '';
  throw new TowpathError('transient', 'PushFailed', `Cannot ${doing}: the server says "${said}"`);
}

/** Nobody was faster, so what refuses is in the server's own repository. */
export function lockWords(said: string, ref = 'refs/heads/…'): string {
  const refused = `the server refused ${mostSendings} times although the branch did not move: "${said}"`;
  // A branch is a file to git, and no branch lies below a file, or where a folder is.
  const [, other] = /'refs\/heads\/([^']+)' exists/.exec(said) ?? [];
  const isBlocked = other !== undefined || /directory\/file conflict|directory not empty/i.test(said);
  if (isBlocked) {
    const which = other === undefined ? 'another branch' : `the branch ${other}`;
    return `${refused}; git cannot make a branch beside one whose name is the first part of its own: remove or rename ${which}, or choose another branch`;
  }
  return `${refused}; a lock file (${ref}.lock) left over in the server's repository does this: remove it there`;
}

/** Somebody may have pushed on top of ours before we could look. */
async function isBelow(world: DeliveryWorld, everUnclear: boolean, head: string, ours: string): Promise<boolean> {
  return everUnclear && head !== absent && (await world.descends(head, ours));
}

/** A server that has just dropped a connection gets a few tries to say where the branch stands. */
export async function readPatiently<Found>(read: () => Promise<Found>, signal: AbortSignal): Promise<Found> {
  for (let reading = 1; ; reading++) {
    try {
      return await read();
    } catch (error) {
      if (reading >= mostSendings || wantsToBeLeft(error)) throw error;
      await breathe(reading, signal);
    }
  }
}

/** Then it is the lane that waits, as long as the server has asked for. */
export function wantsToBeLeft(error: unknown): boolean {
  return error instanceof TransportError && error.askedWait !== undefined;
}
