/** `towpath secrets reseal`: seals what lies in git anew, for a turned certificate or other recipients. */

import type { Folder } from '../../core/folder.ts';
import type { Step } from '../../core/plan.ts';
import { isSealedFile } from '../../core/secrets/sealed-files.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import { type Draft, draftDeploy } from '../draft.ts';
import { resealRevision } from '../secrets/reseal.ts';
import { type Command, type Intent, type Look, type Operation, planOf } from './operate.ts';
import { type Changes, changesShown } from './shown.ts';

export interface ResealShown extends Changes {
  readonly warnings: readonly string[];
  /** What could not be sealed anew, and why; the others are all the same. */
  readonly skipped: readonly { readonly deployment: string; readonly message: string }[];
}

/** `name` null: every deployment of the namespace whose folder holds sealed files. */
export function reseal(
  operation: Operation,
  name: string | null,
  confirm: Command<ResealShown>['confirm'],
): Command<ResealShown> {
  return {
    confirm,
    decide: async (look) => {
      refuseMode(look);
      const { steps } = await planOf(look);
      const chosen = chosenSteps(look, steps, name);
      const held = name === null ? steps.flatMap((step) => (step.kind === 'hold' ? [step.desired.name] : [])) : [];
      return resealing(operation, look, chosen, { isNamed: name !== null, held });
    },
  };
}

function refuseMode({ context }: Look): void {
  const { mode } = context.settings.secrets;
  if (mode === 'sealed-secrets' || mode === 'sops') return;
  const why =
    mode === 'cluster'
      ? 'its secrets.mode is cluster, and nothing is sealed in git; a Secret that is missing in the cluster is made again by the listener itself'
      : 'its secrets.mode is external-secrets, and git holds references only; turn the value in the store, and the operator takes it over';
  throw cannotReseal('NothingSealed', `namespace ${context.namespace}`, why);
}

type SealedStep = Extract<Step, { readonly folder: Folder; readonly path: string }>;

/** Whatever revision the branch holds: the next one may be waiting, or have failed. */
function chosenSteps({ context }: Look, steps: readonly Step[], name: string | null): readonly SealedStep[] {
  if (name === null) {
    return steps.filter(isLaidDown).filter(({ folder }) => folder.files.some(({ path }) => isSealedFile(path)));
  }
  const meant = steps.filter(({ desired }) => desired.name === name || desired.deploymentId === name);
  const [step] = meant.filter(isLaidDown);
  if (step) return [step];
  const known = steps.filter(isLaidDown).map(({ desired }) => desired.name);
  const hint = known.length === 0 ? 'there is none' : `there is ${known.slice(0, 20).join(', ')}`;
  const why =
    meant.length === 0
      ? `the control plane wants no such deployment in namespace ${context.namespace}; ${hint}`
      : 'no folder of it is as Towpath laid it down; see towpath hold list';
  throw cannotReseal('UnknownDeployment', `"${name}"`, why);
}

function isLaidDown(step: Step): step is SealedStep {
  return step.kind === 'keep' || step.kind === 'outdated' || step.kind === 'update' || step.kind === 'rerender';
}

async function resealing(
  operation: Operation,
  look: Look,
  steps: readonly SealedStep[],
  { isNamed, held }: { readonly isNamed: boolean; readonly held: readonly string[] },
): Promise<Intent<ResealShown>> {
  const drafts: Draft[] = [];
  const warnings: string[] = [];
  const skipped: { deployment: string; message: string }[] = held.map((deployment) => ({
    deployment,
    message:
      'a person changed its folder in git; undo that, or let it go on with towpath hold release, and seal it then',
  }));
  for (const step of steps) {
    try {
      const { draft, notes } = await resealOne(operation, look, step);
      drafts.push(draft);
      warnings.push(...notes.map((note) => `${step.desired.name}: ${note}`));
    } catch (error) {
      const known = asTowpathError(error);
      // One that was asked for by name must not fail quietly; neither must what concerns all of them.
      if (known === undefined || known.kind !== 'terminal' || isNamed) throw error;
      skipped.push({ deployment: step.desired.name, message: known.message });
    }
  }
  if (drafts.length === 0 && skipped.length === 0) {
    warnings.push(`No folder of namespace ${look.context.namespace} holds anything sealed.`);
  }
  return { shown: { ...(await changesShown(look, drafts)), warnings, skipped }, drafts };
}

async function resealOne(
  operation: Operation,
  { context, view }: Look,
  step: SealedStep,
): Promise<{ readonly draft: Draft; readonly notes: readonly string[] }> {
  const { desired, folder } = step;
  const { provenance } = folder;
  if (desired.kind !== 'present' || provenance === null)
    throw new RangeError(`Cannot seal ${folder.path}: it is not ours`);
  const resealed = await resealRevision(context, folder);
  const prepared = {
    revisionId: provenance.revisionId,
    inputsDigest: provenance.inputsDigest,
    specification: resealed.specification,
    files: resealed.files,
    secretName: provenance.secretName,
    keyId: provenance.keyId,
    notes: resealed.notes,
    url: null,
    sensitive: resealed.sensitive,
    beside: folder.content,
  };
  const act = {
    change: 'reseal',
    why: 'Its secrets were sealed anew, with the certificate or the recipients of today.',
    operator: operation.operator,
    provenance,
  } as const;
  // Whatever is not sealed stays as it is, where it is.
  const where = { kind: 'update', desired, path: folder.path, folder } as const;
  const draft = draftDeploy(context, view.snapshot, where, prepared, { act });
  return { draft, notes: resealed.notes };
}

function cannotReseal(reason: string, what: string, why: string): TowpathError {
  return new TowpathError('terminal', reason, `Cannot seal the secrets of ${what} anew: ${why}`);
}
