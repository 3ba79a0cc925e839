/** `towpath adopt`: takes a folder over that this listener did not write, in one commit. */
import { adoptionRisks } from '../../core/adoption.ts';
import { type Folder, makeFolder } from '../../core/folder.ts';
import type { Step } from '../../core/plan.ts';
import { parseProvenance, provenanceFile } from '../../core/provenance.ts';
import { releaseCommand } from '../../core/release-commands.ts';
import type { Desired } from '../../domain/desired.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { BlobId } from '../../domain/identifiers.ts';
import type { Snapshot } from '../../ports.ts';
import type { Prepared } from '../context.ts';
import { draftDeploy, filesNeededOnce } from '../draft.ts';
import { refuseMissingComponents } from '../drafting.ts';
import { prepareRevision } from '../prepare.ts';
import { filesIn } from '../repository-view.ts';
import { type Command, type Intent, type Look, type Operation, planOf } from './operate.ts';
import { type Changes, changesShown } from './shown.ts';

export interface AdoptShown extends Changes {
  readonly warnings: readonly string[];
  /** Files of the folder that are not among what is laid down, from the repository's root. */
  readonly goes: readonly string[];
}

interface Adoption {
  readonly deployment: string;
  /** Where the folder lies, if not where it belongs. */
  readonly from: string | null;
}

export function adopt(
  operation: Operation,
  adoption: Adoption,
  confirm: Command<AdoptShown>['confirm'],
): Command<AdoptShown> {
  return {
    confirm,
    decide: async (look) => {
      const { steps } = await planOf(look);
      const step = stepOf(look, steps, adoption.deployment);
      if (step.kind === 'foreign') {
        if (adoption.from !== null && adoption.from !== step.path) throw occupied(adoption, step.path);
        return adopting(operation, look, step, step.path);
      }
      if (step.kind === 'lay-down' && adoption.from !== null) return adopting(operation, look, step, adoption.from);
      if (step.kind === 'keep' || step.kind === 'outdated' || step.kind === 'update' || step.kind === 'rerender') {
        return nothing(`${step.folder.path} is this listener's already: nothing has to be taken over.`);
      }
      throw cannotAdopt('NotAdoptable', adoption.deployment, whyNot(look, step));
    },
  };
}

function stepOf({ context }: Look, steps: readonly Step[], name: string): Step {
  const meant = steps.filter(({ desired }) => desired.name === name || desired.deploymentId === name);
  const found = meant.find(({ desired }) => desired.kind === 'present') ?? meant[0];
  if (found) return found;
  const known = [...new Set(steps.map(({ desired }) => desired.name))].sort();
  const hint = known.length === 0 ? 'it wants none there' : `it wants ${known.slice(0, 20).join(', ')}`;
  const why = `the control plane wants no such deployment in namespace ${context.namespace}; ${hint}`;
  throw cannotAdopt('UnknownDeployment', name, why);
}

function whyNot({ context }: Look, { kind, desired }: Step): string {
  const release = releaseCommand(desired.name, context.namespace);
  switch (kind) {
    case 'lay-down':
      return 'nothing lies where it belongs, and the listener lays it down by itself; --from names a folder that lies elsewhere';
    case 'hold':
    case 'restore':
      return `its folder was this listener's, and was changed in git; ${release} lays it down again`;
    case 'interrupted':
      return 'its revision was interrupted, and nothing is published for it; deploy another one';
    default:
      return 'it was deleted in the control plane; deploy it again, or remove its folder in git';
  }
}

async function adopting(
  operation: Operation,
  look: Look,
  { desired, path }: Extract<Step, { kind: 'foreign' | 'lay-down' }>,
  from: string,
): Promise<Intent<AdoptShown>> {
  const { context, view } = look;
  refuseMissingComponents(context, view);
  const { folder, texts } = await folderAt(look, desired, path, from);
  const prepared = await prepareRevision(context, desired, null);
  const why =
    from === path ? `${path} was taken over as it lay there.` : `${from} was taken over, and moved to ${path}.`;
  const act = { change: 'adopt', why, operator: operation.operator } as const;
  const once = filesNeededOnce(context, view);
  const drafts = [
    draftDeploy(context, view.snapshot, { kind: 'update', desired, path, folder }, prepared, { act, once }),
  ];
  const shown = {
    ...(await changesShown(look, drafts)),
    goes: folder.files.filter((file) => !stays(file.path, prepared)).map((file) => `${from}/${file.path}`),
    warnings: [...adoptionRisks(texts, prepared.files), ...movedWarning(from, path), ...prepared.notes],
  };
  return { shown, drafts };
}

function stays(path: string, { files }: Prepared): boolean {
  return path === provenanceFile || files.has(path);
}

function movedWarning(from: string, path: string): readonly string[] {
  if (from === path) return [];
  return [
    `Whatever applies ${from} today finds nothing there any more, and may delete its objects: let go of it first.`,
  ];
}

interface FoundFolder {
  readonly folder: Folder;
  readonly texts: ReadonlyMap<string, string>;
}

/** Throws where it is no folder, another deployment's, or would swallow more than one. */
async function folderAt({ context, view }: Look, desired: Desired, path: string, from: string): Promise<FoundFolder> {
  const { snapshot } = view;
  const refuse = (why: string): TowpathError => cannotAdopt('NotAdoptable', desired.name, why);
  if (snapshot.list(from) === null) {
    const what = snapshot.idAt(from) === null ? 'is not there' : 'is no folder; move it away in git';
    throw refuse(`${from} of branch ${context.repository.branch} ${what}`);
  }
  if (isAround(from, path)) throw refuse(`${from} holds the folders of all deployments, or of several`);
  const [inside] = view.folders.filter(
    (each) => each.provenance !== null && each.path !== from && isNear(each.path, from),
  );
  if (inside) throw refuse(`${from} and ${inside.path}, which Towpath wrote, lie in each other`);
  if (hasOther(snapshot, from)) throw refuse(`${from} holds a link or a submodule; take that away in git first`);
  const files = filesIn(snapshot, from, '');
  const texts = await textsOf(context.repository, files);
  const provenance = parseProvenance(texts.get(provenanceFile) ?? '');
  if (provenance !== null && provenance.deploymentId !== desired.deploymentId) {
    throw refuse(
      `the PROVENANCE of ${from} names another deployment, ${provenance.deploymentId}, of listener ${provenance.listenerId}`,
    );
  }
  return { folder: makeFolder(from, files, provenance), texts };
}

async function textsOf(
  repository: Look['context']['repository'],
  files: Folder['files'],
): Promise<ReadonlyMap<string, string>> {
  if (files.length === 0) return new Map();
  const blobs = await repository.readBlobs([...new Set(files.map(({ id }) => id as BlobId))]);
  return new Map(files.map(({ path, id }) => [path, blobs.get(id as BlobId)?.toString('utf8') ?? '']));
}

function hasOther(snapshot: Snapshot, folder: string): boolean {
  return (snapshot.list(folder) ?? []).some(
    ({ name, kind }) => kind === 'other' || (kind === 'folder' && hasOther(snapshot, `${folder}/${name}`)),
  );
}

/** The folder of all deployments, a shard, or one above them. */
function isAround(from: string, path: string): boolean {
  return path.startsWith(`${from}/`);
}

function isNear(one: string, other: string): boolean {
  return one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

function nothing(sentence: string): Intent<AdoptShown> {
  return { shown: { commits: [], goes: [], warnings: [sentence] }, drafts: [] };
}

function occupied({ deployment, from }: Adoption, path: string): TowpathError {
  return cannotAdopt(
    'NotAdoptable',
    deployment,
    `somebody's folder lies at ${path} already; adopt that one without --from, or move it away and adopt ${from}`,
  );
}

function cannotAdopt(reason: string, name: string, why: string): TowpathError {
  return new TowpathError('terminal', reason, `Cannot adopt a folder for "${name}": ${why}`);
}
