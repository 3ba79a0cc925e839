/** Which GitOps engine applies a namespace's repository, and that it is one and no more. */
import type { EmittedKind } from '../../core/bootstrap/kinds.ts';
import { type ArgoCdFacts, argoCdFollows, judgeArgoCd } from './argo-cd-judge.ts';
import { type Finding, failed, skipped, warning } from './check.ts';
import { type FluxFacts, type FluxSubject, fluxFollows, judgeFlux } from './flux-judge.ts';

export interface EngineFacts {
  readonly argoCd: ArgoCdFacts;
  readonly flux: FluxFacts;
  readonly kinds: readonly EmittedKind[];
}

type FollowingEngine = 'argo-cd' | 'flux';

const names: Readonly<Record<FollowingEngine, string>> = { 'argo-cd': 'Argo CD', flux: 'Flux' };

export function judgeEngines(subject: FluxSubject, facts: EngineFacts): readonly Finding[] {
  const { engine } = subject.settings;
  if (engine === 'none' || engine === 'other') return [];
  const [applying] = enginesOf(subject, facts);
  if (applying === undefined) return [nobody(subject, facts)];
  const other = following(subject, facts).find((one) => one !== applying);
  return [
    ...(other === undefined ? [] : [doubleManagement(applying, other)]),
    ...(applying === 'argo-cd'
      ? judgeArgoCd({ ...subject, kinds: facts.kinds }, facts.argoCd)
      : judgeFlux(subject, facts.flux)),
  ];
}

/** `auto` is whoever has an object for the repository. */
export function enginesOf(subject: FluxSubject, facts: EngineFacts): readonly FollowingEngine[] {
  const { engine } = subject.settings;
  if (engine === 'argo-cd' || engine === 'flux') return [engine];
  return engine === 'auto' ? following(subject, facts) : [];
}

function following(subject: FluxSubject, { argoCd, flux, kinds }: EngineFacts): readonly FollowingEngine[] {
  return [
    ...(argoCdFollows({ ...subject, kinds }, argoCd) ? (['argo-cd'] as const) : []),
    ...(fluxFollows(subject, flux) ? (['flux'] as const) : []),
  ];
}

function nobody({ settings: { repository } }: FluxSubject, { argoCd, flux }: EngineFacts): Finding {
  if (argoCd.applicationSets.kind === 'forbidden' || flux.gitRepositories.kind === 'forbidden') {
    return skipped('engine', 'these rights do not show what Argo CD and Flux have for the repository');
  }
  const mend = 'run "towpath bootstrap argo-cd --apply" or "towpath bootstrap flux --apply", or set engine';
  return failed('engine', `neither Argo CD nor Flux has an object for ${repository}`, mend);
}

function doubleManagement(applying: FollowingEngine, other: FollowingEngine): Finding {
  const message = `${names[other]} follows the same repository as ${names[applying]}`;
  return warning('engine', message, 'let only one engine apply a repository');
}
