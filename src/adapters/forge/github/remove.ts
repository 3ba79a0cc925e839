/** Takes branches away by GitHub's API, each only where it still is what it was. */
import { TowpathError } from '../../../domain/failure.ts';
import type { CommitId } from '../../../domain/identifiers.ts';
import type { GithubRefs, RefsOutcome, RefUpdate } from './refs.ts';

interface RemoveWorld {
  readonly refs: GithubRefs;
  /** `owner/name`. */
  readonly name: string;
}

export async function removeByApi(world: RemoveWorld, branches: ReadonlyMap<string, CommitId>): Promise<void> {
  if (branches.size === 0) return;
  const updates = [...branches].map(([branch, tip]): RefUpdate => ({ branch, from: tip, to: null, force: true }));
  if ((await removed(world, updates)).kind === 'done') return;
  // One that was moved, or is gone, refuses all of them.
  for (const update of updates) await removeOne(world, update);
}

async function removeOne(world: RemoveWorld, update: RefUpdate): Promise<void> {
  const outcome = await removed(world, [update]);
  if (outcome.kind === 'done' || (await world.refs.tip(update.branch)) !== update.from) return;
  const reason = outcome.class === 'policy' ? 'GitPolicy' : 'GitPermission';
  const words = `Cannot delete branch "${update.branch}" of ${world.name}: GitHub refuses it: "${outcome.message}"`;
  throw new TowpathError('terminal', reason, `${words}; delete it by hand, or let Towpath do it`);
}

async function removed({ refs, name }: RemoveWorld, updates: readonly RefUpdate[]): Promise<RefsOutcome> {
  return refs.update(updates, `delete ${updates.length} branches of ${name}`);
}
