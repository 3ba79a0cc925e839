/** `towpath hold release`: lays down again, or removes, what was held for a person. */
import type { Folder } from '../../core/folder.ts';
import type { Step } from '../../core/plan.ts';
import { adoptCommand } from '../../core/release-commands.ts';
import { byWhom } from '../../core/report.ts';
import type { Desired } from '../../domain/desired.ts';
import { TowpathError } from '../../domain/failure.ts';
import { resourceName } from '../../domain/resource-name.ts';
import type { CommitSummary } from '../../ports.ts';
import { emptyMemory, type LaneContext } from '../context.ts';
import { planPass } from '../decide.ts';
import { type Draft, draftDeploy, draftRemoval } from '../draft.ts';
import { refuseMissingComponents } from '../drafting.ts';
import { takenBackOf } from '../edited-folder.ts';
import { changesSince } from '../evidence.ts';
import { prepareRevision } from '../prepare.ts';
import { type Command, type Intent, type Look, type Operation, planOf } from './operate.ts';
import { type Changes, changesShown } from './shown.ts';

export interface ReleaseShown extends Changes {
  /** What the release would overwrite or lose, in a sentence each. */
  readonly warnings: readonly string[];
}

/** `name` is a deployment's: its name, its id, or its folder. */
export function releaseDeployment(
  operation: Operation,
  name: string,
  confirm: Command<ReleaseShown>['confirm'],
): Command<ReleaseShown> {
  return {
    confirm,
    decide: async (look) => {
      const plan = await planOf(look);
      const step = heldStep(look, plan.steps, name);
      switch (step.kind) {
        case 'hold':
          return restoring(operation, look, step);
        case 'remove-held':
        case 'remove':
          return removing(operation, look, [step]);
        default:
          throw notHeld(look, step);
      }
    },
  };
}

export function releaseDeletions(
  operation: Operation,
  confirm: Command<ReleaseShown>['confirm'],
): Command<ReleaseShown> {
  return {
    confirm,
    decide: async (look) => {
      const { steps } = await planOf(look);
      const held = steps.flatMap((step) => (step.kind === 'remove' ? [step] : []));
      if (held.length > 0) return removing(operation, look, held);
      const { namespace } = look.context;
      return { shown: { commits: [], warnings: [`No removal waits in namespace ${namespace}.`] }, drafts: [] };
    },
  };
}

/** Of several that bear the name, as after a deletion and a new beginning, the one that is held. */
function heldStep({ context }: Look, steps: readonly Step[], name: string): Step {
  const isMeant = ({ name: itsName, deploymentId }: Desired): boolean => {
    const folder = resourceName(itsName, deploymentId);
    return [itsName, deploymentId, folder].some(
      (each) => each === name.replace(/^deployments\/(?:[0-9a-f]{2}\/)?/, ''),
    );
  };
  const meant = steps.filter((step) => isMeant(step.desired));
  const held = meant.filter((step) => step.kind === 'hold' || step.kind === 'remove-held' || step.kind === 'remove');
  const [only] = held.length > 0 ? held : meant;
  if (held.length > 1) {
    const names = held.map(({ desired }) => resourceName(desired.name, desired.deploymentId)).join(', ');
    throw cannotRelease('AmbiguousDeployment', name, `several are held that are called so; name one of ${names}`);
  }
  if (only) return only;
  const known = [...new Set(steps.map(({ desired }) => desired.name))].sort();
  const hint = known.length === 0 ? 'it has none' : `it has ${known.slice(0, 20).join(', ')}`;
  throw cannotRelease(
    'UnknownDeployment',
    name,
    `the control plane wants no such deployment in namespace ${context.namespace}; ${hint}`,
  );
}

async function restoring(
  operation: Operation,
  look: Look,
  step: Extract<Step, { kind: 'hold' }>,
): Promise<Intent<ReleaseShown>> {
  const { context, view } = look;
  refuseMissingComponents(context, view);
  // The very step that `drift: restore` would take.
  const restored = await stepUnderRestore(look, step.desired);
  if (restored.kind !== 'restore') throw notHeld(look, restored);
  const prepared = await prepareRevision(context, restored.desired, trustedFolder(context, restored.folder));
  const changes = await changesSince(context.repository, view.snapshot, step.since, step.path);
  const why = `The folder was ${driftWords[step.drift]} in git${byWhom(changes)}; that was held, and is overwritten now.`;
  const act = { change: 'restore', why, operator: operation.operator } as const;
  const takenBack = await takenBackOf(context, view.snapshot, restored.folder, prepared.files);
  const drafts = [draftDeploy(context, view.snapshot, restored, prepared, { act, takenBack })];
  return {
    shown: { ...(await changesShown(look, drafts)), warnings: [overwrites(step, changes), ...prepared.notes] },
    drafts,
  };
}

/** What cannot be seen in git must be made sure of: a Secret that is missing in the cluster would break the pods. */
function trustedFolder({ settings }: LaneContext, folder: Folder | null): Folder | null {
  return settings.secrets.mode === 'cluster' ? null : folder;
}

async function stepUnderRestore({ context, view, items }: Look, { deploymentId }: Desired): Promise<Step> {
  const restoring: LaneContext = { ...context, settings: { ...context.settings, drift: 'restore' } };
  const { steps } = await planPass(restoring, emptyMemory(), view, items);
  const found = steps.find(({ desired }) => desired.deploymentId === deploymentId);
  if (!found) throw new RangeError(`Cannot restore ${deploymentId}: it was planned a moment ago`);
  return found;
}

const driftWords = { edited: 'edited', reverted: 'reverted to an older revision', removed: 'removed' } as const;

function overwrites({ drift, path }: Extract<Step, { kind: 'hold' }>, changes: readonly CommitSummary[]): string {
  const who = byWhom(changes);
  return drift === 'removed'
    ? `${path} was removed in git${who}, and is laid down again.`
    : `${path} was ${driftWords[drift]} in git${who}, and that is overwritten.`;
}

interface Going {
  readonly desired: Extract<Desired, { kind: 'removed' }>;
  readonly folder: Folder;
  readonly copies: readonly Folder[];
}

async function removing(
  operation: Operation,
  look: Look,
  steps: readonly (Going & { readonly kind: 'remove' | 'remove-held' })[],
): Promise<Intent<ReleaseShown>> {
  const { context, view } = look;
  const drafts: readonly Draft[] = steps.map((step) => draftRemoval(context, view.snapshot, step, operation.operator));
  const { data } = context.settings.deletion;
  const warnings = [
    `${steps.length === 1 ? 'The deployment goes' : `${steps.length} deployments go`} for good; ` +
      `volume claims of databases are ${data === 'retain' ? 'retained' : 'deleted, too'}.`,
  ];
  for (const { kind, desired, folder } of steps.filter((step) => step.kind === 'remove-held')) {
    const changes = await changesSince(
      context.repository,
      view.snapshot,
      desired.lastReport?.commit ?? null,
      folder.path,
    );
    if (kind === 'remove-held')
      warnings.push(`${folder.path} was edited in git${byWhom(changes)}, and goes with that.`);
  }
  return { shown: { ...(await changesShown(look, drafts)), warnings }, drafts };
}

function notHeld({ context }: Look, step: Step): TowpathError {
  const { name } = step.desired;
  const why: Partial<Record<Step['kind'], string>> = {
    keep: 'it is not held: git holds what is wanted',
    outdated: 'it is not held: git holds its revision, and the next one brings what has changed since',
    foreign: `its folder is somebody else's; take it over with ${adoptCommand(name, context.namespace)}`,
    'remove-foreign':
      'something is left that does not say that it is this deployment’s (towpath hold list names it); remove it in git, or delete the deployment once more with force, which leaves it there',
    interrupted: 'its revision was interrupted, and nothing is published for it; deploy another one',
    removed: 'it is gone from git already',
  };
  return cannotRelease(
    'NotHeld',
    name,
    why[step.kind] ?? 'it is not held: the next pass of the listener does it by itself',
  );
}

function cannotRelease(reason: string, name: string, why: string): TowpathError {
  return new TowpathError('terminal', reason, `Cannot release "${name}": ${why}`);
}
