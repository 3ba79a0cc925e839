/** What happens to a lane under review, in any order: wishes, people, faults, and processes that are killed. */
import fc from 'fast-check';
import { TowpathError } from '../../src/domain/failure.ts';
import type { ForgeMethod } from './memory-forge-state.ts';
import type { ReviewPeople } from './review-people.ts';
import type { Moment, ReviewProcess } from './review-process.ts';
import type { ReviewWorld } from './review-world.ts';
import type { ScriptedControlPlane } from './scripted-control-plane.ts';

export type ReviewEvent =
  | { readonly kind: 'create' | 'restart' | 'settle' | 'look' | 'restore the database' | 'lag' }
  | { readonly kind: 'update' | 'interrupt' | 'remove' | 'roll back'; readonly which: number }
  | { readonly kind: 'person'; readonly act: PersonsAct; readonly which: number }
  /** Right before the next call of this method, or the next push to a branch. */
  | {
      readonly kind: 'person is faster';
      readonly than: ForgeMethod | 'push';
      readonly act: PersonsAct;
      readonly which: number;
    }
  | { readonly kind: 'fault'; readonly method: ForgeMethod; readonly how: 'fails' | 'answer is lost' }
  | { readonly kind: 'kill'; readonly calls: number; readonly when: Moment };

const acts = [
  ...(['merge', 'squash', 'rebase'] as const),
  ...(['close', 'reopen', 'push', 'delete the branch', 'write below', 'cut the line'] as const),
  ...(['revert', 'edit the folder', 'commit', 'double', 'approve', 'conflict'] as const),
];
type PersonsAct = (typeof acts)[number];

const which = fc.nat(5);
const act = fc.constantFrom(...acts);
const simple = ['restart', 'settle', 'look', 'look', 'look', 'restore the database', 'lag'] as const;
const methods = ['open', 'closed', 'read', 'create', 'update', 'close'] as const;

export const reviewEvent: fc.Arbitrary<ReviewEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('update', 'update', 'interrupt', 'remove', 'roll back'), which }),
  },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('person' as const), act, which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('person is faster' as const),
      than: fc.constantFrom('push', 'read', 'create', 'update', 'close', 'approval'),
      act,
      which,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      method: fc.constantFrom(...methods),
      how: fc.constantFrom('fails', 'answer is lost'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      calls: fc.nat(10),
      when: fc.constantFrom('before', 'after', 'on its way'),
    }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constantFrom(...simple) }) },
);

export interface Stage {
  readonly world: ReviewWorld;
  readonly plane: ScriptedControlPlane;
  readonly people: ReviewPeople;
  readonly process: ReviewProcess;
  /** How many answers of the list of the open ones are the same as the last one. */
  readonly lag: { left: number };
  restart(): Promise<void>;
  look(): Promise<void>;
  settle(): Promise<void>;
}

export async function play(stage: Stage, event: ReviewEvent): Promise<void> {
  const { world, plane, process } = stage;
  switch (event.kind) {
    case 'create':
      if (plane.wanted().size < 3) plane.create(`app-${plane.wanted().size}`);
      return;
    case 'update':
    case 'interrupt':
    case 'remove':
    case 'roll back':
      return wish(plane, event.kind, event.which);
    case 'person':
      return doAct(stage, event.act, event.which);
    case 'person is faster':
      if (event.than !== 'push') return world.forge.beforeNext(event.than, () => doAct(stage, event.act, event.which));
      world.remote.beforePropose = () => {
        world.remote.beforePropose = null;
        doAct(stage, event.act, event.which);
      };
      return;
    case 'fault':
      if (event.how === 'answer is lost') return world.forge.loseAnswer(event.method);
      return world.forge.failNext(unreachable, event.method);
    case 'kill':
      return process.killAfter(event.calls, event.when);
    case 'lag':
      stage.lag.left = 2;
      return;
    case 'restore the database':
      for (const id of plane.wanted().keys()) plane.forget(id);
      return plane.restore();
    case 'restart':
      return stage.restart();
    case 'look':
      return stage.look();
    case 'settle':
      return stage.settle();
    default:
      return event satisfies never;
  }
}

const unreachable = new TowpathError('transient', 'ForgeUnreachable', 'Cannot ask it: the forge answers 502');

function wish(plane: ScriptedControlPlane, kind: 'update' | 'interrupt' | 'remove' | 'roll back', at: number): void {
  const present = [...plane.wanted().values()].filter(({ removed }) => !removed);
  const one = present[at % Math.max(1, present.length)];
  if (one === undefined) return;
  if (kind === 'remove') plane.remove(one.id);
  if (kind === 'interrupt') plane.update(one.id, { interrupted: true, revision: one.revision });
  const image = `registry.example/agents/chat:${plane.reports.length}-${Math.random().toString(36).slice(2)}`;
  if (kind === 'update') plane.update(one.id, { image, interrupted: false });
  if (kind !== 'roll back') return;
  const before = plane.reports.find((report) => report.kind === 'revision' && report.deploymentId === one.id);
  if (before?.kind === 'revision') plane.update(one.id, { revision: before.revisionId, interrupted: false });
}

type Deed = (people: ReviewPeople, number: number) => void;

/** On one of the open pull requests. */
const deedsOnOpen: Partial<Record<PersonsAct, Deed>> = {
  merge: (people, number) => people.merge(number, 'merge'),
  squash: (people, number) => people.merge(number, 'squash'),
  rebase: (people, number) => people.merge(number, 'rebase'),
  close: (people, number) => people.close(number),
  'write below': (people, number) => people.editBody(number, false),
  'cut the line': (people, number) => people.editBody(number, true),
  approve: (people, number) => people.approve(number),
  double: (people, number) => people.double(number),
  conflict: (people, number) => people.conflict(number),
};

function doAct({ world, people }: Pick<Stage, 'world' | 'people'>, act: PersonsAct, at: number): void {
  const pick = <T>(all: readonly T[], then: (one: T) => void): void => {
    const one = all[at % Math.max(1, all.length)];
    if (one !== undefined) then(one);
  };
  const branches = [...world.remote.branches.keys()];
  pick(
    world.open().filter(({ head }) => world.remote.branches.has(head)),
    ({ number }) => deedsOnOpen[act]?.(people, number),
  );
  if (act === 'push') pick(branches, people.push);
  if (act === 'delete the branch') pick(branches, people.deleteBranch);
  if (act === 'revert') people.revert();
  if (act === 'edit the folder') people.editFolder();
  if (act === 'commit') people.commit();
  if (act !== 'reopen') return;
  pick(
    world.all().filter(({ state }) => state === 'closed'),
    ({ number }) => people.reopen(number),
  );
}
