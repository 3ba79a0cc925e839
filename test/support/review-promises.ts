/** What a lane under review promises at each moment, and once it has come to rest. */
import { expect } from 'vitest';
import { parseProvenance } from '../../src/core/provenance.ts';
import { readMarker } from '../../src/core/pull-request/marker.ts';
import { type DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import type { Report } from '../../src/domain/report.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import type { Branches, Forge } from '../../src/ports.ts';
import type { MemoryPullRequest } from './memory-forge-state.ts';
import { ancestry } from './memory-remote.ts';
import { isReachable, type ReviewPeople } from './review-people.ts';
import type { ReviewWorld } from './review-world.ts';
import type { ScriptedControlPlane, Wanted } from './scripted-control-plane.ts';

interface Promised {
  readonly world: ReviewWorld;
  readonly plane: ScriptedControlPlane;
  readonly people: ReviewPeople;
}

/** The same ports, which note each call that breaks a promise. */
export function watched(
  { forge, branches }: { readonly forge: Forge; readonly branches: Branches },
  { world, people }: Omit<Promised, 'plane'>,
  broken: string[],
): { readonly forge: Forge; readonly branches: Branches } {
  return {
    forge: {
      ...forge,
      create: async (request) => {
        const wish = readMarker(request.body);
        const rejected = new Map(people.rejected);
        const created = await forge.create(request);
        for (const [number, read] of rejected) {
          const isSame =
            read?.closed === null &&
            read.deploymentId === wish?.deploymentId &&
            read.change === wish.change &&
            (read.change === 'remove' || read.revisionId === wish.revisionId);
          if (isSame && created.number > number) broken.push(`#${created.number} opens again what #${number} refused`);
        }
        return created;
      },
    },
    branches: {
      ...branches,
      merge: async (snapshot, tip, draft) => {
        const isApproved = world
          .open()
          .some((one) => one.headCommit === tip && one.reviews.some(({ commit }) => commit === tip));
        if (!isApproved) broken.push(`${tip} was merged, and nobody had approved it`);
        return branches.merge(snapshot, tip, draft);
      },
    },
  };
}

/** At each moment. */
export function expectNothingLost({ world, people }: Promised, broken: readonly string[]): void {
  const lost = [...people.commits].filter(([id, branch]) => !isReachable(world, id, branch));
  expect({ lost, broken }).toEqual({ lost: [], broken: [] });
}

/** Outcomes that a reason may have; a status follows from stage and outcome, and words from the reason. */
const outcomes: Readonly<Record<string, readonly Report['outcome'][]>> = {
  ...{ InReview: ['progressing'], EditedInReview: ['progressing'], WaitingForForge: ['progressing'] },
  ...{ Merged: ['progressing'], Rejected: ['failed'], EditedInGit: ['failed'], RemovedInGit: ['failed'] },
  ...{ RevertedInGit: ['failed'], Pushed: ['succeeded'], Rendered: ['progressing'], Removed: ['succeeded'] },
};

/** At each moment: no report says one thing by its outcome and another by its words. */
export function expectNoContradiction({ plane }: Pick<Promised, 'plane'>): void {
  const contradicting = plane.reports.filter(
    ({ reason, outcome, message }) =>
      !(outcomes[reason] ?? [outcome]).includes(outcome) ||
      (outcome === 'failed' && /waits for review|waiting until|next they are pushed|is tried again$/.test(message)) ||
      (outcome === 'succeeded' && /Cannot|rejected by/.test(message)),
  );
  expect(contradicting).toEqual([]);
}

/** Null: all that is wanted is on the base, with people, or told of with a reason; else what is not. */
export function unaccounted(promised: Promised): string | null {
  const { plane } = promised;
  for (const wanted of plane.wanted().values()) {
    const said = wanted.removed ? removalWords(promised, wanted.id) : words(promised, wanted);
    if (said !== null) return `${wanted.name} ${wanted.id} ${wanted.revision}: ${said}`;
  }
  return null;
}

export function expectPromisesKept({ world, plane }: Promised): void {
  const branches = world
    .open()
    .filter(isOurs)
    .map(({ head }) => head);
  expect(branches).toEqual([...new Set(branches)]);
  for (const one of world.open().filter(isOurs)) {
    const marker = readMarker(one.body);
    const wanted = marker && plane.wanted().get(marker.deploymentId);
    const own = ancestry(world.remote.commits, one.headCommit, world.remote.head);
    const isEdited = own.some(({ committer }) => committer.name === 'Jane');
    expect({ number: one.number, known: wanted !== undefined }).toEqual({
      number: one.number,
      known: true,
    });
    if (isEdited) continue;
    expect({ number: one.number, commits: own.length }).toEqual({ number: one.number, commits: 1 });
    expect(one.labels.includes('deletes')).toBe(marker?.change === 'remove');
    expect(own[0]?.message).toContain(`Change: ${marker?.change}\n`);
  }
}

/** Not one that Towpath closed and a person opened again. */
function isOurs({ body }: MemoryPullRequest): boolean {
  return readMarker(body)?.closed === null;
}

const leftAlone = new Set(['Rejected', 'EditedInReview', 'EditedInGit']);

function words({ world, plane }: Promised, wanted: Wanted): string | null {
  const folder = `deployments/${resourceName(DeploymentName.parse(wanted.name), wanted.id)}`;
  const provenance = provenanceIn(world, folder);
  const last = plane.lastReport(wanted.id);
  const open = openOf(world, wanted.id);
  if (wanted.interrupted) return open.length > 0 && !isEdited(world, open[0]) ? 'interrupted, and open' : null;
  if (last === undefined) return 'nothing is said of it';
  if (last.reason === 'Pushed') return provenance?.revisionId === wanted.revision ? null : 'said to be pushed';
  const truth = isTrue[last.reason];
  if (truth !== undefined) return truth(world, wanted, folder) ? null : `said to be ${last.reason}, and is not`;
  const [only] = open;
  const isSo =
    only !== undefined &&
    last.pullRequest?.endsWith(`/${only.number}`) === true &&
    readMarker(only.body)?.revisionId === wanted.revision;
  return last.reason === 'InReview' && isSo ? null : `said to be ${last.reason}; open: ${open.length}`;
}

type Truth = (world: ReviewWorld, wanted: Wanted, folder: string) => boolean;

/** What lets a deployment be left alone must be so. */
const isTrue: Readonly<Record<string, Truth>> = {
  Rejected: (world, { id }) =>
    openOf(world, id).length === 0 &&
    world.all().some((one) => isOurs(one) && isAbout(one, id) && one.state === 'closed'),
  EditedInReview: ({ remote }, { name, id }) => {
    const tip = remote.branches.get(`towpath/${resourceName(DeploymentName.parse(name), id)}`);
    return ancestry(remote.commits, tip ?? null, remote.head).some(({ committer }) => committer.name === 'Jane');
  },
  EditedInGit: (world, { revision }, folder) => provenanceIn(world, folder)?.revisionId === revision,
  RevertedInGit: (world, { revision }, folder) => provenanceIn(world, folder)?.revisionId !== revision,
  RemovedInGit: (world, _wanted, folder) => provenanceIn(world, folder) === null,
};

function provenanceIn({ remote }: ReviewWorld, folder: string) {
  return parseProvenance(remote.files().get(`${folder}/PROVENANCE`) ?? '');
}

function isAbout({ body }: MemoryPullRequest, id: DeploymentId): boolean {
  return readMarker(body)?.deploymentId === id;
}

function removalWords({ world, plane }: Promised, id: DeploymentId): string | null {
  const last = plane.reports.findLast((report) => report.kind === 'removal' && report.deploymentId === id);
  if (last === undefined) return 'nothing is said of its removal';
  const isOpen = openOf(world, id).some(({ body }) => readMarker(body)?.change === 'remove');
  if (last.reason === 'Rejected' && isOpen) return 'its removal is said to be rejected, and is open';
  if (leftAlone.has(last.reason)) return null;
  return last.reason === 'InReview' && isOpen ? null : `its removal is said to be ${last.reason}; open: ${isOpen}`;
}

function openOf(world: ReviewWorld, id: DeploymentId): readonly MemoryPullRequest[] {
  return world.open().filter((one) => isOurs(one) && isAbout(one, id));
}

function isEdited(world: ReviewWorld, one: MemoryPullRequest | undefined): boolean {
  return world.remote.commits.get(one?.headCommit as never)?.committer.name === 'Jane';
}
