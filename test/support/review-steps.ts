/** What tests of a lane under review do again and again: begin, look once more, wait for a report. */
import { expect } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import type { NamespaceParts } from '../../src/listener/context.ts';
import type { RunningListener } from '../../src/listener/listener.ts';
import type { Forge } from '../../src/ports.ts';
import type { MemoryPullRequest } from './memory-forge-state.ts';
import type { ReviewWorld } from './review-world.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from './scripted-control-plane.ts';
import { until } from './until.ts';

interface Began {
  readonly world: ReviewWorld;
  readonly plane: ScriptedControlPlane;
  readonly running: RunningListener;
}

/** `stops` are run by the test when it is over, the last first. */
export async function begin(
  stops: (() => Promise<unknown>)[],
  world: ReviewWorld,
  more: Parameters<ReviewWorld['start']>[1] = {},
): Promise<Began> {
  const plane = await startScriptedControlPlane();
  stops.push(plane.stop);
  const running = world.start(plane, more);
  stops.push(running.stop);
  return { world, plane, running };
}

/** The same forge, some of whose answers are other ones. */
export function withForge(world: ReviewWorld, change: (forge: Forge) => Partial<Forge>): Partial<NamespaceParts> {
  const { review } = world.parts;
  if (!review) throw new RangeError('Cannot change the forge: there is none');
  return { review: { ...review, forge: { ...review.forge, ...change(review.forge) } } };
}

export function reported(plane: ScriptedControlPlane, id: DeploymentId, reason: string) {
  return until(`a report ${reason}`, () => plane.lastReport(id)?.reason === reason && plane.lastReport(id));
}

export function onlyOpen(world: ReviewWorld): MemoryPullRequest {
  const [pullRequest, ...others] = world.open();
  expect(others).toEqual([]);
  if (!pullRequest) throw new Error('no pull request is open');
  return pullRequest;
}

/** At least one whole pass that began after this. */
export async function lookAgain({ world, running }: Pick<Began, 'world' | 'running'>): Promise<void> {
  for (const times of [1, 2, 3]) {
    const { tips } = world.remote.requests;
    running.wake();
    await until(`look ${times}`, () => world.remote.requests.tips > tips);
  }
}
