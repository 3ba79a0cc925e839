/** Makes branches of one commit each on one base and pushes them together; who is refused holds up nobody else. */
import { CommitId } from '../../domain/identifiers.ts';
import type { Sign } from '../../git/commit.ts';
import { type BuildBase, CommitBuilder } from '../../git/commit-builder.ts';
import { noObject } from '../../git/object-id.ts';
import type { BranchDraft, BranchOutcome } from '../../ports.ts';
import { takeBreaths } from './breath.ts';
import { emptyCommit } from './failure.ts';
import { type BranchesWorld, deliverEach, type RefOutcome } from './push-each.ts';

interface ProposeWorld extends BranchesWorld {
  readonly base: BuildBase;
  /** Answers for the trees of the base. */
  readonly held: (id: string) => Buffer | undefined;
  readonly sign: Sign | undefined;
  readonly onPushed: (made: MadeBranch) => void;
}

/** One commit and all that is new in it. */
export interface MadeBranch {
  readonly branch: string;
  readonly commit: CommitId;
  readonly body: Buffer;
  readonly tree: string;
  readonly trees: () => Iterable<readonly [string, Buffer]>;
}

// Finds one culprit among some hundreds; a server that refuses them all is not to be asked for ever.
const mostPushes = 20;

export async function proposeBranches(
  world: ProposeWorld,
  drafts: readonly BranchDraft[],
): Promise<readonly BranchOutcome[]> {
  const outcomes = new Map<string, BranchOutcome>();
  const portions = drafts.length > 0 ? [drafts] : [];
  let pushes = 0;
  for (let portion = portions.pop(); portion; portion = portions.pop()) {
    const found = await pushPortion(world, portion);
    pushes++;
    if (isRefusedForOne([...found.values()]) && pushes + portions.length + 2 <= mostPushes) {
      const half = Math.ceil(portion.length / 2);
      portions.push(portion.slice(half), portion.slice(0, half));
      continue;
    }
    for (const [branch, outcome] of found) outcomes.set(branch, outcome.kind === 'denied' ? told(outcome) : outcome);
  }
  return drafts.map(({ branch }) => outcomes.get(branch) ?? { kind: 'moved' });
}

type Found = Exclude<RefOutcome, { readonly kind: 'pushed' }> | Extract<BranchOutcome, { readonly kind: 'pushed' }>;

async function pushPortion(world: ProposeWorld, drafts: readonly BranchDraft[]): Promise<ReadonlyMap<string, Found>> {
  const { made, pack } = await buildBranches(world, drafts);
  const updates = drafts.map(({ branch, tip }, index) => ({
    ref: refOf(branch),
    oldId: tip ?? noObject,
    newId: made[index]?.commit ?? noObject,
  }));
  const outcomes = await deliverEach(world, { updates, pack });
  const found = new Map<string, Found>();
  const breathe = takeBreaths();
  for (const one of made) {
    const outcome = outcomes.get(refOf(one.branch)) ?? { kind: 'moved' };
    if (outcome.kind === 'pushed') world.onPushed(one);
    found.set(one.branch, outcome.kind === 'pushed' ? { kind: 'pushed', commit: one.commit } : outcome);
    await breathe();
  }
  return found;
}

async function buildBranches(
  { base, held, sign }: ProposeWorld,
  drafts: readonly BranchDraft[],
): Promise<{ readonly made: readonly MadeBranch[]; readonly pack: Buffer }> {
  const builder = new CommitBuilder(base, held, sign);
  const made: MadeBranch[] = [];
  const breathe = takeBreaths();
  for (const { branch, draft } of drafts) {
    builder.restart();
    const id = await builder.add(draft);
    const body = builder.commits.at(-1)?.body;
    if (id === null || !body) throw emptyCommit(draft);
    const { tree } = builder;
    made.push({ branch, commit: CommitId.parse(id), body, tree, trees: () => builder.newTrees(tree) });
    await breathe();
  }
  builder.restart();
  return { made, pack: builder.pack() };
}

/**
 * Many servers judge a push as a whole, so that one commit that breaks a rule costs all the others. Git's own hook for
 * each ref says just "hook declined".
 */
function isRefusedForOne(outcomes: readonly Found[]): boolean {
  const [first] = outcomes;
  if (outcomes.length < 2 || first?.kind !== 'denied') return false;
  return outcomes.every(
    (outcome) => outcome.kind === 'denied' && outcome.class === 'policy' && outcome.reason !== 'hook declined',
  );
}

function told({ kind, message, class: of }: Extract<RefOutcome, { readonly kind: 'denied' }>): BranchOutcome {
  return { kind, class: of, message };
}

export function refOf(branch: string): string {
  return `refs/heads/${branch}`;
}
