/**
 * Proposals by GitHub's API: each commit is made on a temporary branch, and only then the real branch is moved to it, so
 * that nobody ever sees a branch without its commit, and nobody's commit is overwritten.
 */
import type { CommitId } from '../../../domain/identifiers.ts';
import type { BranchDraft, BranchOutcome, Snapshot } from '../../../ports.ts';
import { type CommitOutcome, headOf, type ProposeWorld, temporaryBranch } from './api-commit-request.ts';
import { type ApiCommit, apiCommit } from './changes.ts';
import { clearly, type RefUpdate, type Refusal } from './refs.ts';

/** So many at once: where a budget ends in the middle, the portions before it are done. */
const portion = 10;

export async function proposeByApi(
  world: ProposeWorld,
  snapshot: Snapshot,
  drafts: readonly BranchDraft[],
): Promise<readonly BranchOutcome[]> {
  if (drafts.length === 0) return [];
  const parent = headOf(snapshot, world.name);
  // All are looked at before the first is made.
  const makings = drafts.map((draft): Making => {
    return { draft, temporary: temporaryBranch(draft.branch), commit: apiCommit(snapshot, draft.draft) };
  });
  const outcomes: BranchOutcome[] = [];
  for (let at = 0; at < makings.length; at += portion) {
    outcomes.push(...(await proposePortion(world, parent, makings.slice(at, at + portion))));
  }
  return outcomes;
}

interface Making {
  readonly draft: BranchDraft;
  readonly temporary: string;
  readonly commit: ApiCommit;
}

async function proposePortion(
  world: ProposeWorld,
  parent: CommitId,
  makings: readonly Making[],
): Promise<readonly BranchOutcome[]> {
  const { refs, name } = world;
  const begin = makings.map(
    ({ temporary }): RefUpdate => ({ branch: temporary, from: undefined, to: parent, force: true }),
  );
  const left = new Set(makings.map(({ temporary }) => temporary));
  try {
    // What a kill left behind is written over.
    const begun = await refs.update(begin, `make temporary branches in ${name}`);
    if (begun.kind === 'refused') return makings.map(({ draft }) => deniedAs(draft.branch, name, begun));
    const made: Made[] = [];
    for (const making of makings) made.push({ making, outcome: await commitOn(world, parent, making) });
    return await moveAll(world, made, left);
  } finally {
    await refs.discard([...left]);
  }
}

interface Made {
  readonly making: Making;
  readonly outcome: CommitOutcome;
}

/** Nobody else writes there: after an unclear answer it is begun again. */
async function commitOn(world: ProposeWorld, parent: CommitId, { temporary, commit }: Making): Promise<CommitOutcome> {
  const again: readonly RefUpdate[] = [{ branch: temporary, from: undefined, to: parent, force: true }];
  return clearly(
    () => world.commit({ branch: temporary, parent, commit }),
    async () => {
      await world.refs.update(again, `make a temporary branch in ${world.name}`);
      return null;
    },
  );
}

/** In one go; where one is refused, each by itself, so that it holds up nobody else. */
async function moveAll(
  world: ProposeWorld,
  made: readonly Made[],
  left: Set<string>,
): Promise<readonly BranchOutcome[]> {
  const ready = made.flatMap(({ making, outcome }) => (outcome.kind === 'made' ? [{ making, id: outcome.id }] : []));
  const moved = new Map<string, BranchOutcome>();
  const together = ready.length > 1 ? await move(world, ready) : new Map<string, BranchOutcome>();
  // What was not moved by anybody may only have been held up by a neighbour.
  for (const [branch, outcome] of together) if (outcome.kind !== 'denied') moved.set(branch, outcome);
  for (const one of ready) {
    const { branch } = one.making.draft;
    const outcome = moved.get(branch) ?? (await move(world, [one])).get(branch) ?? { kind: 'moved' };
    moved.set(branch, outcome);
    if (outcome.kind === 'pushed') left.delete(one.making.temporary);
  }
  return made.map(({ making, outcome }) => {
    if (outcome.kind === 'denied') return outcome;
    return moved.get(making.draft.branch) ?? { kind: 'moved' };
  });
}

type Ready = { readonly making: Making; readonly id: CommitId };

async function move(world: ProposeWorld, ready: readonly Ready[]): Promise<ReadonlyMap<string, BranchOutcome>> {
  const updates = ready.flatMap(({ making, id }): readonly RefUpdate[] => [
    { branch: making.draft.branch, from: making.draft.tip, to: id, force: true },
    { branch: making.temporary, from: id, to: null, force: true },
  ]);
  const outcome = await world.refs.update(updates, `move ${ready.length} branches of ${world.name}`);
  if (outcome.kind === 'refused') return lookedAt(world, ready, outcome);
  return new Map(ready.map(({ making, id }) => [making.draft.branch, { kind: 'pushed', commit: id }]));
}

/** What became of each branch, told by the branches themselves. */
async function lookedAt(
  { refs, name }: ProposeWorld,
  ready: readonly Ready[],
  refusal: Refusal,
): Promise<ReadonlyMap<string, BranchOutcome>> {
  const outcomes = new Map<string, BranchOutcome>();
  for (const { making, id } of ready) {
    const { branch, tip } = making.draft;
    const now = await refs.tip(branch);
    if (now === id) outcomes.set(branch, { kind: 'pushed', commit: id });
    else if (now !== tip) outcomes.set(branch, { kind: 'moved' });
    else outcomes.set(branch, deniedAs(branch, name, refusal, await refs.inTheWay(branch)));
  }
  return outcomes;
}

function deniedAs(branch: string, name: string, refusal: Refusal, inTheWay: readonly string[] = []): BranchOutcome {
  const doing = `Cannot put branch "${branch}" into ${name}`;
  const [other] = inTheWay;
  const message =
    other === undefined
      ? `${doing}: GitHub refuses it: "${refusal.message}"`
      : `${doing}: the branch "${other}" is in the way; delete it, or choose another publication.branchPrefix`;
  return { kind: 'denied', class: other === undefined ? refusal.class : 'denied', message };
}
