/** The sentences of a pull request: what it does, who asked for it, and what happens when it is merged or closed. */

import type { RevisionId } from '../../domain/identifiers.ts';
import { parseImageReference } from '../../domain/image-reference.ts';
import type { EngineKind } from '../../domain/live-object.ts';
import type { Requester } from '../../domain/requester.ts';
import { shortRevision } from '../../domain/revision-name.ts';
import { plainDoubt } from '../requester-identity.ts';
import { countsOf } from '../risk/files.ts';
import type { ReviewedChange, ToldChange } from './change.ts';
import { code, link, pageUrl, prose } from './text.ts';

export function summary(change: ReviewedChange, told: ToldChange): string {
  const { why } = change.commit;
  return `${sentence(change, told)}${why === null ? '' : `\n\n${prose(why)}`}`;
}

function sentence(change: ReviewedChange, told: ToldChange): string {
  const name = code(change.deployment.name);
  const revision = revisionName(change);
  switch (change.kind) {
    case 'deploy':
      if (change.before === null) return `Deploys ${name} for the first time, with ${revision}: ${imageWords(told)}.`;
      return `Deploys ${revision} of ${name}${backWords(change)}: ${imageWords(told)}.`;
    case 'restore':
      return `Puts ${name} back to ${revision}, as Towpath laid it down (${countsOf(told.files)}).`;
    case 'rerender':
      return `Renders ${revision} of ${name} anew: the revision stays the same, its manifests change (${countsOf(told.files)}).`;
    case 'reseal':
      return `Seals the secrets of ${name} anew (${countsOf(told.files)}). The values stay the same.`;
    case 'adopt':
      return `Takes over ${name} at ${revision}: its folder is Towpath’s from now on (${countsOf(told.files)}).`;
    case 'remove':
      return `Removes ${name} from namespace ${code(change.namespace)}: it was deleted in the control plane.`;
    default:
      return change.kind satisfies never;
  }
}

/** A revision that goes back to an older one has its image, settings and secrets. */
function backWords({ provenance: { after } }: ReviewedChange): string {
  if (!after?.rollbackTo) return '';
  return `, which goes back to ${markedName(after.rollbackTo, after.rollbackToNumber)}`;
}

function imageWords({ image: { before, after } }: ToldChange): string {
  if (after === null) return 'no image is named';
  if (before === null) return `image ${shownImage(after)}`;
  if (before === after) return `the image stays ${shownImage(after)}`;
  const [old, young] = [parseImageReference(before), parseImageReference(after)];
  const sameRepository = old !== null && young !== null && old.repository === young.repository;
  const target = sameRepository && young.tag !== null && young.tag !== old.tag ? code(young.tag) : shownImage(after);
  return `image ${shownImage(before)} → ${target}`;
}

/** The tag says enough in a sentence; only what has none is told by its digest. */
function shownImage(image: string): string {
  const reference = parseImageReference(image);
  if (reference === null) return code(image);
  const { repository, tag, digest } = reference;
  if (tag !== null) return code(`${repository}:${tag}`);
  return code(digest === null ? repository : `${repository}@${digest.slice(0, digest.indexOf(':') + 13)}`);
}

function revisionName({ provenance }: ReviewedChange): string {
  const known = provenance.after ?? provenance.before;
  return known ? markedName(known.revisionId, known.revisionNumber) : 'the revision';
}

function markedName(id: RevisionId, number: number | null): string {
  return number === null ? `revision ${code(shortRevision(id))}` : `revision ${number} (${code(shortRevision(id))})`;
}

interface Addresses {
  readonly deployment: string | null;
  readonly revision: string | null;
}

/** The control plane has one page a deployment, on which each revision has its place. */
export function addressesOf({ controlPlane, deployment, provenance }: ReviewedChange): Addresses {
  const known = provenance.after ?? provenance.before;
  if (!known) return { deployment: null, revision: null };
  const page = pageUrl(controlPlane, `/o/${known.workspaceId}/host/deployments/${deployment.id}`);
  return { deployment: page, revision: page && `${page}#${known.revisionId}` };
}

export function askedFor(change: ReviewedChange): string {
  const { requester, requestedAt, provenance } = change;
  const known = provenance.after ?? provenance.before;
  const addresses = addressesOf(change);
  const who = requester ? whoOf(requester) : 'not known';
  const at = requestedAt === null ? '' : `, ${requestedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const lines = [
    `- Who: ${who}${at}`,
    `- Deployment: ${link(code(change.deployment.name), addresses.deployment)} in namespace ${code(change.namespace)}, folder ${code(change.path)}`,
    ...(known
      ? [`- ${link(`R${markedName(known.revisionId, known.revisionNumber).slice(1)}`, addresses.revision)}`]
      : []),
  ];
  return `### Asked for by\n\n${lines.join('\n')}`;
}

function whoOf(requester: Requester): string {
  const address = requester.email === '' ? '' : ` (${code(requester.email)})`;
  const doubt = plainDoubt(requester);
  return `${prose(requester.name, 100)}${address}${doubt === null ? '' : `, ${prose(doubt, 400)}`}`;
}

export function afterwards(change: ReviewedChange): string {
  return [
    `- **Merge it** in whatever way you like: ${merged(change)}`,
    `- **To say no, close it**: ${refused(change)} Open it again to take that back.`,
    '- A commit of yours on its branch is never overwritten: Towpath then leaves the branch to you.',
  ].join('\n');
}

const engines: Readonly<Record<EngineKind, string>> = {
  'argo-cd': 'Argo CD',
  flux: 'Flux',
  other: 'your GitOps engine',
};

function merged({ kind, engine }: ReviewedChange): string {
  const who = engine === null ? 'whoever applies this repository' : engines[engine];
  if (kind === 'remove') return `${who} then takes the objects out of the cluster.`;
  if (engine === null) return `${who} takes it from there; nothing watches the cluster, so that counts as deployed.`;
  if (kind === 'reseal') return `${who} then applies it; running pods stay.`;
  return `${who} then applies it, and the control plane shows the revision as deployed once its pods are ready.`;
}

function refused(change: ReviewedChange): string {
  switch (change.kind) {
    case 'deploy':
      return `${revisionName(change)} is rejected, and is not proposed again.`;
    case 'remove':
      return 'the deployment stays, and the control plane shows who refused its removal.';
    case 'restore':
    case 'rerender':
    case 'reseal':
    case 'adopt':
      return 'the folder stays as it is, and this change is not proposed again.';
    default:
      return change.kind satisfies never;
  }
}
