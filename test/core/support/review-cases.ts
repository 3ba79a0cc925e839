/** Changes as reviewers get them: rendered by the shipped sets, or written by hand where they could not be. */

import { contentDigest, type Provenance, trailerLines } from '../../../src/core/provenance.ts';
import type { ReviewedChange } from '../../../src/core/pull-request/pull-request.ts';
import type { RenderInput } from '../../../src/core/template/set.ts';
import { RevisionId } from '../../../src/domain/identifiers.ts';
import { revisionName } from '../../../src/domain/revision-name.ts';
import { render } from './agent-server.ts';
import { type InputChanges, renderInput } from './render-input.ts';

export const firstRevision = RevisionId.parse('e91d7c34-58a2-4d6f-b0c9-1a2b3c4d5e6f');
const secondRevision = RevisionId.parse('5b1f0a7c-0d4e-4c3b-9a18-7766554433aa');

function digestOf(letter: string): string {
  return `sha256:${letter.repeat(64)}`;
}

function provenanceOf(input: RenderInput, changes: Partial<Provenance> = {}): Provenance {
  const { deployment, revision } = input.specification;
  return {
    change: 'deploy',
    deploymentId: deployment.id,
    revisionId: revision.id,
    revisionNumber: revision.number,
    rollbackTo: revision.rollbackTo?.id ?? null,
    rollbackToNumber: revision.rollbackTo?.number ?? null,
    workspaceId: deployment.workspaceId,
    listenerId: deployment.listenerId,
    template: `agent-server@${digestOf('a')}`,
    inputsDigest: digestOf('b'),
    image: input.specification.image,
    secretsVersion: null,
    secretName: input.secrets.environment,
    keyId: null,
    towpathVersion: '0.1.0',
    requestedBy: `${revision.requester.name} <${revision.requester.email}>`,
    requestedAt: revision.createdAt,
    operator: null,
    why: null,
    content: contentDigest([]),
    ...changes,
  };
}

/** A first deployment of what `changes` say. */
export function firstDeployment(changes: InputChanges = {}, more: Partial<ReviewedChange> = {}): ReviewedChange {
  const input = renderInput(changes);
  return { ...about(input), before: null, after: render(input), ...more };
}

/** From one rendering to another: the second is a newer revision. */
export function update(
  before: InputChanges,
  after: InputChanges,
  more: Partial<ReviewedChange> = {},
  secretDigest = '5e884898da',
): ReviewedChange {
  const [old, rendered] = [renderInput(before), renderInput(after)];
  const { specification, secrets } = rendered;
  const young = {
    ...rendered,
    specification: { ...specification, revision: { ...specification.revision, id: secondRevision, number: 2 } },
    secrets: { ...secrets, environment: secrets.environment?.replace('5e884898da', secretDigest) ?? null },
  };
  const provenance = { before: provenanceOf(old), after: provenanceOf(young) };
  return { ...about(young), before: render(old), after: render(young), provenance, ...more };
}

export function removal(changes: InputChanges, more: Partial<ReviewedChange> = {}): ReviewedChange {
  const input = renderInput(changes);
  const told = about(input);
  return {
    ...told,
    kind: 'remove',
    before: render(input),
    after: null,
    provenance: { before: told.provenance.after, after: null },
    commit: {
      subject: `remove(${told.deployment.name}): ${revisionName({ id: firstRevision, number: 1 })}`,
      why: null,
    },
    ...more,
  };
}

/** Files written by hand on both sides. */
export function edit(
  before: Readonly<Record<string, string>> | null,
  after: Readonly<Record<string, string>> | null,
  more: Partial<ReviewedChange> = {},
): ReviewedChange {
  const map = (files: Readonly<Record<string, string>> | null) => files && new Map(Object.entries(files));
  const { provenance } = update({}, {});
  const told = about(renderInput());
  return {
    ...told,
    before: map(before),
    after: map(after),
    provenance: { before: before && provenance.before, after: after && provenance.after },
    ...more,
  };
}

function about(input: RenderInput): ReviewedChange {
  const { deployment, revision, image } = input.specification;
  return {
    kind: 'deploy',
    namespace: deployment.namespace,
    deployment: { id: deployment.id, name: deployment.name },
    path: `deployments/${input.resourceName}`,
    before: null,
    after: null,
    provenance: { before: null, after: provenanceOf(input) },
    commit: {
      subject: `deploy(${deployment.name}): ${revisionName(revision)}, ${image.split('/').at(-1)?.slice(0, 30)}`,
      why: null,
      trailers: trailerLines(provenanceOf(input)),
    },
    requester: { name: 'Ada Lovelace', email: 'ada@example.com', proof: 'admin', key: null },
    requestedAt: new Date('2026-11-23T08:00:00Z'),
    controlPlane: 'https://control-plane.example',
    engine: 'argo-cd',
    deletesData: false,
  };
}
