/** Step 9, observe: live objects and the engine's objects become the truth about one committed revision, with reasons. */
import type { LiveObject } from '../../domain/live-object.ts';
import type { Outcome } from '../../domain/report.ts';
import { argoCdVerdict } from '../argo-cd/argo-cd.ts';
import { fluxVerdict } from '../flux/flux.ts';
import { type EngineVerdict, waiting } from './engine.ts';
import { explainLoss, explainSight, runningWords } from './explain.ts';
import type { Observation, Sight } from './observation.ts';
import { lookAt } from './sight.ts';
import { durationWords, sentences } from './words.ts';

export { expectedWorkloads } from './sight.ts';

export interface Verdict {
  /** A failure names the stage that was not reached. */
  readonly stage: 'committed' | 'synced' | 'healthy';
  readonly outcome: Outcome;
  readonly reason: string;
  readonly message: string;
  /** Objects whose events would say more; the caller asks for them and observes again. */
  readonly puzzling: readonly LiveObject[];
  /** When time alone may change the verdict; null: only a change does. */
  readonly lookAgainAt: Date | null;
  /** An Application whose operation retries an older commit and blocks ours. */
  readonly blockedBy: LiveObject | null;
}

export function observe(observation: Observation): Verdict {
  const engine = judgeEngine(observation);
  const sight = lookAt(observation);
  const said = judge(observation, sight, engine);
  const isOpen = said.outcome === 'progressing';
  return {
    ...said,
    puzzling: said.outcome === 'succeeded' ? [] : sight.puzzling,
    lookAgainAt: isOpen ? nextLook(observation, sight, engine) : null,
    blockedBy: engine.kind === 'blocked' ? engine.application : null,
  };
}

function judgeEngine(observation: Observation): EngineVerdict {
  const { commit, contains, committedAt, now, rollout, live } = observation;
  const view = { commit, contains, committedAt, now, patience: rollout.stuckAfter };
  switch (live.engine.kind) {
    case 'argo-cd':
      return argoCdVerdict(live.engine.application, view);
    case 'flux':
      return fluxVerdict(live.engine, view);
    case 'other':
      return waiting('AwaitingApply', 'Waiting for whoever applies the branch');
  }
}

type Said = Pick<Verdict, 'stage' | 'outcome' | 'reason' | 'message'>;

function judge(observation: Observation, sight: Sight, engine: EngineVerdict): Said {
  if (observation.wasHealthy) {
    if (sight.isComplete) return running(sight);
    return { stage: 'healthy', outcome: 'progressing', ...explainLoss(sight, engine) };
  }
  if (sight.isComplete && !isRefusing(engine)) return running(sight);
  return (
    kept(observation, engine) ??
    failedByEngine(sight, engine) ??
    failedInCluster(sight, engine) ??
    failedByDeadline(observation, sight, engine) ??
    underWay(sight, engine)
  );
}

function running(sight: Sight): Said {
  return { stage: 'healthy', outcome: 'succeeded', reason: 'Healthy', message: runningWords(sight) };
}

/** One refused Service beside healthy Deployments is no success; neither is a break between two such refusals. */
function isRefusing(engine: EngineVerdict): boolean {
  return (engine.kind === 'failed' && engine.isRefusal) || (engine.kind === 'waiting' && engine.isUnfinished);
}

function kept({ last }: Observation, engine: EngineVerdict): Said | null {
  if (engine.kind !== 'waiting' || !engine.isRetrying) return null;
  if (last?.stage !== 'synced' || last.outcome !== 'failed') return null;
  return { stage: 'synced', outcome: 'failed', reason: last.reason, message: last.message };
}

/** Where all workloads are of our revision, it was applied, and a failure without a refusal is a later commit's. */
function failedByEngine(sight: Sight, engine: EngineVerdict): Said | null {
  if (engine.kind !== 'failed' || (sight.isApplied && !engine.isRefusal)) return null;
  return { stage: 'synced', outcome: 'failed', reason: engine.reason, message: engine.message };
}

function failedInCluster(sight: Sight, engine: EngineVerdict): Said | null {
  if (sight.fresh.length === 0) return null;
  const failure = sight.workloads.find(({ isOurs, status }) => isOurs && status.status === 'Failed')?.status;
  if (failure === undefined && !sight.isStuck) return null;
  const { reason, message } = explainSight(sight, engine);
  return { stage: 'healthy', outcome: 'failed', reason: failure?.reason ?? reason, message };
}

function failedByDeadline(
  { committedAt, now, rollout }: Observation,
  sight: Sight,
  engine: EngineVerdict,
): Said | null {
  if (now.getTime() < committedAt.getTime() + rollout.deadline) return null;
  const { reason, message } = explainSight(sight, engine);
  const stage = sight.fresh.length === 0 ? 'synced' : 'healthy';
  const words = sentences(`Not ${stage} within ${durationWords(rollout.deadline)}`, message);
  return { stage, outcome: 'failed', reason, message: words };
}

function underWay(sight: Sight, engine: EngineVerdict): Said {
  const stage = sight.fresh.length === 0 ? 'committed' : 'synced';
  return { stage, outcome: 'progressing', ...explainSight(sight, engine) };
}

function nextLook(observation: Observation, sight: Sight, engine: EngineVerdict): Date | null {
  const { committedAt, now, rollout, wasHealthy } = observation;
  const deadline = committedAt.getTime() + rollout.deadline;
  const judged = wasHealthy ? [] : [deadline, ...sight.failAt.map((at) => at.getTime())];
  const until = engine.kind === 'waiting' && engine.until !== null ? [engine.until.getTime()] : [];
  const times = [...judged, ...until, ...sight.puzzlingAt.map((at) => at.getTime())].filter((at) => at > now.getTime());
  return times.length === 0 ? null : new Date(Math.min(...times));
}
