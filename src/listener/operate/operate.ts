/** A command's own pass over one namespace: look, decide, let the person agree, send; once more where somebody was faster. */
import type { Identity } from '../../core/plain-line.ts';
import type { NamespacePlan } from '../../core/plan.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Desired } from '../../domain/desired.ts';
import type { CommitId, NamespaceName } from '../../domain/identifiers.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import type { SecretSealer, Snapshot } from '../../ports.ts';
import { emptyMemory, type LaneContext, type NamespaceParts } from '../context.ts';
import { planPass } from '../decide.ts';
import { createDesiredState } from '../desired-state.ts';
import type { Draft } from '../draft.ts';
import { refuseRewrittenHistory } from '../evidence.ts';
import { soleLeadership } from '../leader/leadership.ts';
import { type ListenerPorts, laneContext } from '../listener.ts';
import { whileItMoves } from '../moving.ts';
import { wholeListing } from '../preview.ts';
import { publishDrafts, TryAgain } from '../publish.ts';
import { type RepositoryView, viewAt } from '../repository-view.ts';
import { reviewContext } from '../review/look.ts';
import { defaultTimings, type Timings } from '../timings.ts';
import { proposeDrafts } from './propose.ts';

/** Where a command works, and who runs it. */
export interface Operation {
  readonly ports: ListenerPorts;
  readonly configuration: Configuration;
  readonly towpathVersion: string;
  readonly namespace: NamespaceName;
  readonly operator: Identity;
  readonly timings?: Partial<Timings>;
}

/** What a command finds: what is wanted, and what one head of the branch holds. */
export interface Look {
  readonly context: LaneContext;
  readonly view: RepositoryView;
  readonly items: readonly Desired[];
}

export interface Intent<Shown> {
  /** What the person is told before he agrees. */
  readonly shown: Shown;
  /** Empty: nothing has to be done, which `shown` explains. */
  readonly drafts: readonly OperatedDraft[];
}

/** A draft of a deployment, or a commit that stands for the whole branch. */
export type OperatedDraft = Draft | { readonly path: string; readonly commit: Draft['commit'] };

export interface Command<Shown> {
  /** Asked twice, first with a context that writes nowhere. Throws TowpathError where it cannot be done. */
  decide(look: Look): Promise<Intent<Shown>>;
  /** Whether to go on; asked again where what would be overwritten has changed since. */
  confirm(shown: Shown): Promise<boolean>;
  /** What stands for the whole branch is never proposed. */
  readonly always?: 'direct';
  /** The failure of its push in the words of this command, where it knows another way. */
  explain?(error: unknown, look: Look): unknown;
}

/** Pushed as a commit, or proposed as a pull request. */
export type Sent = { readonly draft: OperatedDraft } & (
  | { readonly kind: 'pushed'; readonly commit: CommitId }
  | { readonly kind: 'proposed'; readonly pullRequest: Pick<PullRequest, 'number' | 'url'> }
);

export interface Operated<Shown> {
  readonly kind: 'done' | 'declined' | 'nothing';
  readonly shown: Shown;
  readonly sent: readonly Sent[];
  /** What the server refused while it took the others. */
  readonly refused: readonly { readonly draft: OperatedDraft; readonly message: string }[];
}

export async function operate<Shown>(operation: Operation, command: Command<Shown>): Promise<Operated<Shown>> {
  const memory: Progress<Shown> = { agreed: null, shown: null, sent: [] };
  const { branch, url } = partsOf(operation).repository;
  return whileItMoves(timingsOf(operation).movedMs, () => attempt(operation, command, memory), {
    ...{ branch, url },
    advice: 'run it again',
  });
}

/** Once more for each attempt: the control plane may have changed its mind, too. */
export async function lookAround(operation: Operation): Promise<Look> {
  const { ports, namespace } = operation;
  const desired = createDesiredState();
  desired.replace(await wholeListing(ports.controlPlane), ports.clock.now());
  const timings = timingsOf(operation);
  const shared = { ...ports, desired, timings, towpathVersion: operation.towpathVersion, leadership: soleLeadership };
  const context = laneContext(shared, operation.configuration, namespace, partsOf(operation));
  const view = await viewAt(context.repository, await context.repository.head(), null);
  return { context, view, items: desired.items(namespace) };
}

/** What a pass of the listener would make of it; throws where it would stop. */
export async function planOf({ context, view, items }: Look): Promise<NamespacePlan> {
  const { namespace, settings } = context;
  const known = { namespace, pushed: null, accepted: settings.acceptHistory, desired: items };
  await refuseRewrittenHistory(context.repository, view.snapshot, known);
  return planPass(context, emptyMemory(), view, items);
}

interface Progress<Shown> {
  /** What the person has agreed to overwrite. */
  agreed: string | null;
  shown: Shown | null;
  readonly sent: Sent[];
}

async function attempt<Shown>(
  operation: Operation,
  command: Command<Shown>,
  memory: Progress<Shown>,
): Promise<Operated<Shown>> {
  const look = await lookAround(operation);
  const intent = await command.decide({ ...look, context: withoutEffects(look.context) });
  memory.shown ??= intent.shown;
  const { sent } = memory;
  if (intent.drafts.length === 0) {
    return { kind: sent.length > 0 ? 'done' : 'nothing', shown: intent.shown, sent, refused: [] };
  }
  const print = fingerprint(look.view.snapshot, intent.drafts);
  // After half of it was sent, the rest is what was agreed to before.
  if (memory.agreed !== print && sent.length === 0 && !(await command.confirm(intent.shown))) {
    return { kind: 'declined', shown: intent.shown, sent, refused: [] };
  }
  memory.agreed = print;
  const { drafts } = await command.decide(look);
  const refused = await send(look, command, drafts, memory).catch((error: unknown) => {
    throw command.explain?.(error, look) ?? error;
  });
  return { kind: 'done', shown: memory.shown, sent, refused };
}

async function send<Shown>(
  { context, view }: Look,
  { always }: Command<Shown>,
  drafts: readonly OperatedDraft[],
  { sent }: Progress<Shown>,
): Promise<Operated<Shown>['refused']> {
  const review = always === 'direct' ? null : reviewContext(context);
  if (review !== null) {
    const { proposed, refused } = await proposeDrafts(review, view.snapshot, drafts.filter(isOfDeployment));
    sent.push(...proposed.map((each) => ({ ...each, kind: 'proposed' as const })));
    return refused;
  }
  const published = await publishDrafts(context, emptyMemory(), view.snapshot, drafts);
  sent.push(...published.pushed.map((each) => ({ ...each, kind: 'pushed' as const })));
  if (published.unsent) throw new TryAgain(`branch ${context.repository.branch} moved`);
  return published.refused.map(({ draft, error }) => ({ draft, message: error.message }));
}

function isOfDeployment(draft: OperatedDraft): draft is Draft {
  return 'desired' in draft;
}

/** In mode `cluster` to seal is to write: until the person agrees, nothing is written anywhere. */
function withoutEffects(context: LaneContext): LaneContext {
  if (context.settings.secrets.mode !== 'cluster') return context;
  const sealer: SecretSealer = { fileOf: () => null, seal: async () => ({ files: new Map(), note: null }) };
  return { ...context, sealer };
}

/** By the folders as they are, and what becomes of them: sealing anew gives other bytes each time. */
function fingerprint(snapshot: Snapshot, drafts: readonly OperatedDraft[]): string {
  return JSON.stringify(
    drafts.map(({ path, commit }) => [path, snapshot.idAt(path), commit.message.split('\n', 1)[0]]),
  );
}

function partsOf({ ports, namespace }: Operation): NamespaceParts {
  const parts = ports.namespaces.get(namespace);
  if (!parts) throw new RangeError(`Cannot work on namespace ${namespace}: it is not wired`);
  return parts;
}

/** Nobody waits behind a command: it takes the time that it takes. */
function timingsOf({ timings }: Operation): Timings {
  return { ...defaultTimings, prepareMs: 300_000, ...timings };
}
