/** What a command would push in mode `direct` becomes pull requests, by the very way of the listener's own pass. */
import { type BranchState, branchState, nothingReplaced } from '../../core/proposal.ts';
import { type Provenance, parseProvenance, provenanceFile } from '../../core/provenance.ts';
import { decideReview, type ReviewStep, type Wish } from '../../core/review.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import type { Snapshot } from '../../ports.ts';
import { emptyMemory, type LaneMemory } from '../context.ts';
import type { Draft } from '../draft.ts';
import { TryAgain } from '../publish.ts';
import { propose } from '../review/acts.ts';
import type { DraftedCase } from '../review/cases.ts';
import { branchOf, ourselvesOf } from '../review/cases.ts';
import { lookAtReview, type ReviewContext } from '../review/look.ts';

interface ProposedDraft {
  readonly draft: Draft;
  readonly pullRequest: Pick<PullRequest, 'number' | 'url'>;
}

interface Proposed {
  readonly proposed: readonly ProposedDraft[];
  readonly refused: readonly { readonly draft: Draft; readonly message: string }[];
}

/** Throws TryAgain where the base moved meanwhile, TowpathError where the forge fails. */
export async function proposeDrafts(
  context: ReviewContext,
  snapshot: Snapshot,
  drafts: readonly Draft[],
): Promise<Proposed> {
  const memory = emptyMemory();
  const look = await lookAtReview(context, memory);
  const { branch: base } = context.repository;
  if (look.head !== snapshot.head) throw new TryAgain(`branch ${base} moved`);
  const branches = new Map(drafts.map((draft) => [branchOf(context.publication.branchPrefix, draft.desired), draft]));
  const tips = new Map([...look.tips].filter(([branch]) => branches.has(branch)));
  const proposals = tips.size === 0 ? new Map() : await context.review.branches.read(snapshot, tips);
  const cases: DraftedCase[] = [];
  const refused: { draft: Draft; message: string }[] = [];
  const waiting: ProposedDraft[] = [];
  for (const [branch, draft] of branches) {
    const wish = wishOf(snapshot, draft);
    const open = look.open.get(branch) ?? null;
    // Whoever runs a command asks for it, whatever was closed before.
    const state = { branch: branchState(proposals.get(branch) ?? null, ourselvesOf(context)), open, closed: [] };
    const next = sealedAgain(draft, state.branch, decideReview(wish, { ...state, baseHead: snapshot.head }));
    const message = refusalOf(draft, branch, next, state.branch.kind === 'ours' ? state.branch.proposed.change : null);
    if (message !== null) refused.push({ draft, message });
    else if (next.kind === 'wait') waiting.push({ draft, pullRequest: next.pullRequest });
    else cases.push({ draft, case: { branch, next }, replaces: idReplaced(snapshot, draft) });
  }
  const made = await act(context, memory, snapshot, cases);
  return { proposed: [...waiting, ...made.proposed], refused: [...refused, ...made.refused] };
}

async function act(
  context: ReviewContext,
  memory: LaneMemory,
  snapshot: Snapshot,
  cases: readonly DraftedCase[],
): Promise<Proposed> {
  const acted = await propose(context, memory, snapshot, cases);
  if (acted.failure !== null) throw acted.failure;
  if (acted.unsent) throw new TryAgain('a branch moved');
  const open = new Map((memory.review.open ?? []).map((one) => [one.head, one]));
  const refused: { draft: Draft; message: string }[] = [];
  const proposed: ProposedDraft[] = [];
  for (const each of cases) {
    const { draft } = each;
    const { deploymentId } = draft.desired;
    const failed = acted.reports.find(
      (report) => report.kind !== 'lane' && report.deploymentId === deploymentId && report.outcome === 'failed',
    );
    const pullRequest = open.get(each.case.branch);
    if (failed) refused.push({ draft, message: failed.message });
    else if (pullRequest) proposed.push({ draft, pullRequest });
    else refused.push({ draft, message: unopened(memory) });
  }
  return { proposed, refused };
}

/** Either its turn has not come, or the forge could not take it this time. */
function unopened({ review }: LaneMemory): string {
  return review.retryAt === null
    ? 'the forge could not open its pull request this time; run it again in a moment'
    : 'the forge allows no more requests at the moment; run it again in a few minutes';
}

/** Sealed files do not tell for which key they are: those that wait may be for the one before, so they are made anew. */
function sealedAgain({ reviewed }: Draft, branch: BranchState, next: ReviewStep): ReviewStep {
  if (reviewed.change !== 'reseal' || branch.kind !== 'ours') return next;
  if (next.kind !== 'wait' && next.kind !== 'describe') return next;
  return { kind: 'push', tip: branch.tip, pullRequest: next.pullRequest, closeFirst: null };
}

/** What is proposed already by a pass must not be lost to a change that is only beside it. */
function refusalOf(draft: Draft, branch: string, next: ReviewStep, proposed: Wish['change'] | null): string | null {
  if (next.kind === 'edited') {
    const { author, id } = next.by;
    return `branch ${branch} holds a commit by ${author.name} <${author.email}>, ${id.slice(0, 12)}; merge or close its pull request, or delete the branch, and run it again`;
  }
  if (draft.reviewed.change !== 'reseal' || next.kind !== 'push' || next.pullRequest === null) return null;
  if (proposed === 'reseal') return null;
  return `pull request #${next.pullRequest.number} (${next.pullRequest.url}) proposes something else for it; merge or close that, and run it again`;
}

function wishOf(snapshot: Snapshot, draft: Draft): Wish {
  const provenance = provenanceOf(draft);
  if (provenance === null) {
    throw new TowpathError('terminal', 'Unexpected', `Cannot propose ${draft.path}: its PROVENANCE cannot be read`);
  }
  const { deploymentId, revisionId, inputsDigest } = provenance;
  const replaces = idReplaced(snapshot, draft) ?? nothingReplaced;
  return { change: draft.reviewed.change, deploymentId, revisionId, inputsDigest, replaces };
}

function provenanceOf({ commit, path, reviewed }: Draft): Provenance | null {
  const written = commit.changes.find((change) => change.path === `${path}/${provenanceFile}`);
  return written?.kind === 'write' ? parseProvenance(written.content) : (reviewed.folder?.provenance ?? null);
}

/** A folder that is taken over from elsewhere replaces nothing where it is going. */
function idReplaced(snapshot: Snapshot, { path, reviewed }: Draft): string | null {
  return snapshot.idAt(reviewed.change === 'adopt' ? path : (reviewed.folder?.path ?? path));
}
