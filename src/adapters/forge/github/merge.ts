/** Puts an approved commit onto the base by GitHub's API: itself where it stands on the head, else a merge of both. */
import type { CommitDraft } from '../../../domain/commit.ts';
import { TowpathError } from '../../../domain/failure.ts';
import type { CommitId } from '../../../domain/identifiers.ts';
import type { PushOutcome, Snapshot } from '../../../ports.ts';
import { headOf, type ProposeWorld, temporaryBranch } from './api-commit-request.ts';
import { apiMessage } from './changes.ts';
import { clearly, type RefsOutcome, type Refusal } from './refs.ts';

export async function mergeOnto(
  world: ProposeWorld,
  snapshot: Snapshot,
  tip: CommitId,
  draft: Omit<CommitDraft, 'changes'>,
): Promise<PushOutcome> {
  const head = headOf(snapshot, world.name);
  const proposal = (await world.git.read(snapshot, new Map([[tip, tip]]))).get(tip);
  const [commit, ...others] = proposal?.commits ?? [];
  if (!commit) return { kind: 'pushed', commits: [tip], snapshot };
  if (others.length > 0) throw conflict(world, tip, `it is one of ${others.length + 1} commits, and only it was meant`);
  if (commit.parents.length !== 1) throw conflict(world, tip, 'it does not stand on one commit of the base');
  if (commit.parents[0] === head) return moveBase(world, { head, to: tip });
  return mergeBoth(world, { head, tip, message: apiMessage({ ...draft, changes: [] }) });
}

interface Merging {
  readonly head: CommitId;
  readonly tip: CommitId;
  readonly message: string;
}

/** The merge is made beside the base, since GitHub would merge into whatever the base is by then. */
async function mergeBoth(world: ProposeWorld, { head, tip, message }: Merging): Promise<PushOutcome> {
  const { refs, name, git } = world;
  const temporary = temporaryBranch(`${git.branch}/${tip}`);
  const begin = (): Promise<RefsOutcome> =>
    refs.update([{ branch: temporary, from: undefined, to: head, force: true }], `make a temporary branch in ${name}`);
  try {
    const begun = await begin();
    if (begun.kind === 'refused') return denied(world, begun);
    const merged = await clearly<CommitId | 'conflict'>(
      async () => (await refs.mergeInto(temporary, tip, message)) ?? 'conflict',
      async () => {
        await begin();
        return null;
      },
    );
    if (merged === 'conflict') throw conflict(world, tip, await whyConflict(world, head, tip));
    return await moveBase(world, { head, to: merged });
  } finally {
    await refs.discard([temporary]);
  }
}

/** GitHub says no more than that they conflict. */
async function whyConflict({ refs }: ProposeWorld, head: CommitId, tip: CommitId): Promise<string> {
  const paths = await refs.changedByBoth(head, tip);
  const shown = paths.slice(0, 3).map((path) => `"${path}"`);
  const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more` : '';
  return shown.length === 0 ? 'both changed the same files' : `both changed ${shown.join(', ')}${more}`;
}

async function moveBase(
  world: ProposeWorld,
  { head, to }: { readonly head: CommitId; readonly to: CommitId },
): Promise<PushOutcome> {
  const { refs, git, name } = world;
  const update = { branch: git.branch, from: head, to, force: false };
  const outcome = await refs.update([update], `move branch "${git.branch}" of ${name}`);
  if (outcome.kind === 'refused') {
    const now = await refs.tip(git.branch);
    if (now !== to) return now === head ? denied(world, outcome) : { kind: 'moved' };
  }
  return { kind: 'pushed', commits: [to], snapshot: await git.snapshot(to) };
}

function denied({ git, name }: ProposeWorld, refusal: Refusal): PushOutcome {
  const message = `Cannot move branch "${git.branch}" of ${name}: GitHub refuses it: "${refusal.message}"`;
  return { kind: 'denied', class: refusal.class, message };
}

function conflict({ git, name }: ProposeWorld, tip: CommitId, why: string): TowpathError {
  const what = `Cannot merge commit ${tip.slice(0, 8)} onto branch "${git.branch}" of ${name}`;
  return new TowpathError('terminal', 'MergeConflict', `${what}: ${why}; it must be proposed anew`);
}
