/** Steps 4 to 6 for one revision: fetch its specification, render, validate, hide its secrets. */
import type { Folder } from '../core/folder.ts';
import { inputsDigest } from '../core/inputs-digest.ts';
import { describeFindings } from '../core/report.ts';
import { withoutCoincidences } from '../core/secrets/planted-secrets.ts';
import { ordinarySealedText } from '../core/secrets/sealed-words.ts';
import type { RenderInput } from '../core/template/set.ts';
import { licenceNote } from '../core/values/server.ts';
import type { Present } from '../domain/desired.ts';
import { TowpathError } from '../domain/failure.ts';
import { parseImageReference } from '../domain/image-reference.ts';
import { resourceName } from '../domain/resource-name.ts';
import type { Specification } from '../domain/specification.ts';
import type { LaneContext, Prepared, Rendering } from './context.ts';
import { keptFiles } from './kept-files.ts';
import { refuseWithoutLeadership } from './publish.ts';
import { refuseLeaks } from './secrets/leaks.ts';
import { planSecrets } from './secrets/plan.ts';
import { keepingStorageClass, readUnchangeable, refuseUnchangeable } from './unchangeable.ts';

/** Throws TowpathError, classed; findings make a terminal one that names them all. */
export async function prepareRevision(
  context: LaneContext,
  desired: Present,
  folder: Folder | null,
): Promise<Prepared> {
  const specification = await context.controlPlane.specification(desired.deploymentId, desired.revisionId);
  refuseMisfit(context, desired, specification);
  const secrets = await planSecrets(context, specification, folder);
  const input = {
    resourceName: resourceName(specification.deployment.name, specification.deployment.id),
    specification,
    namespace: context.settings,
    agentServer: context.agentServer,
    secrets: { environment: secrets.environment, database: secrets.database, files: secrets.files },
    shaping: secrets.shaping,
  };
  const { files, url } = await renderBeside(context, { desired, folder }, input, secrets.sensitive);
  const sensitive = leftSecret(context, secrets.sensitive, { files, specification });
  const kept = await keptFiles(context, folder, secrets.kept);
  refuseWithoutLeadership(context);
  const made = await Promise.all(secrets.plain.map((secret) => context.sealer.seal(secret)));
  const sealed = new Map([...kept, ...made.flatMap((each) => [...each.files])]);
  const all = new Map([...files, ...sealed]);
  refuseUnfit(context, { input, files: all, sealed, sensitive });
  return {
    revisionId: desired.revisionId,
    inputsDigest: inputsDigest(context.configuration, desired.revisionId),
    specification,
    files: all,
    secretName: secrets.environment,
    keyId: context.secretKey?.id ?? null,
    notes: [...secrets.notes, ...made.flatMap((each) => each.note ?? []), ...licenceNotes(context, specification)],
    url,
    sensitive,
    beside: folder?.content ?? null,
  };
}

/** Where nothing watches a cluster, as in `towpath dev`, nobody is told what only a cluster needs. */
function licenceNotes({ agentServer, engine }: LaneContext, specification: Specification): readonly string[] {
  const note = engine === null ? null : licenceNote({ agentServer, specification });
  return note === null ? [] : [note];
}

/** Going on with what the folder holds and nobody can change. */
async function renderBeside(
  context: LaneContext,
  place: { readonly desired: Present; readonly folder: Folder | null },
  input: RenderInput,
  sensitive: Readonly<Record<string, string>>,
): Promise<Extract<Rendering, { kind: 'rendered' }>> {
  const render = (each: RenderInput) => accepted(context.renderer.render(each, sensitive), input.specification);
  const first = render(input);
  const before = await readUnchangeable(context, place, first.files);
  const keeping = keepingStorageClass(input, before, first.files);
  const rendering = keeping === null ? first : render(keeping);
  refuseUnchangeable(input.specification.deployment.name, before, rendering.files);
  return rendering;
}

/** The control plane is trusted for what is wanted, not for being well: what does not fit together is refused. */
function refuseMisfit(context: LaneContext, desired: Present, { deployment, revision, image }: Specification): void {
  const { listenerId, namespace } = context;
  const asked = [desired.deploymentId, desired.revisionId, desired.name, namespace, listenerId].join(' ');
  const given = [deployment.id, revision.id, deployment.name, deployment.namespace, deployment.listenerId].join(' ');
  if (asked !== given) {
    throw new TowpathError(
      'transient',
      'UnfitSpecification',
      `Cannot use the specification of revision ${desired.revisionId}: the control plane answered with another one`,
    );
  }
  if (parseImageReference(image) === null) {
    throw new TowpathError(
      'terminal',
      'InvalidImage',
      `Cannot deploy ${desired.name}: its image is no image reference; expected registry/name:tag@sha256:…`,
    );
  }
}

/** Right before anything leaves: the sealed files must be good, and none of all may hold a secret. */
export function refuseUnfit(context: LaneContext, { input, files, sealed, sensitive }: Checked): void {
  const { deployment } = input.specification;
  const findings = context.renderer.checkSealed(input, sealed);
  if (findings.length > 0) {
    const message = describeFindings(`seal the secrets of deployment ${deployment.name}`, findings);
    throw new TowpathError('terminal', 'InvalidSealedFile', message);
  }
  refuseLeaks({ deployment: deployment.name, files, texts: new Map(), sensitive });
}

interface Checked {
  readonly input: RenderInput;
  readonly files: ReadonlyMap<string, string>;
  readonly sealed: ReadonlyMap<string, string>;
  readonly sensitive: Readonly<Record<string, string>>;
}

/** What was found good holds such a value by chance; it is no secret any more, whoever wrote it. */
export function leftSecret(
  {
    controlPlaneUrl,
    repository,
  }: Pick<LaneContext, 'controlPlaneUrl'> & { readonly repository: { readonly url: string } },
  values: Readonly<Record<string, string>>,
  { files, specification }: Pick<Prepared, 'files' | 'specification'>,
): Readonly<Record<string, string>> {
  const { deployment, revision, image } = specification;
  // Reviewers are led to the control plane, which a deployment may be told of by a secret.
  const addresses = [`${controlPlaneUrl}/`, repository.url];
  const said = [JSON.stringify(deployment), JSON.stringify(revision), image, ...addresses].join('\n');
  return withoutCoincidences(values, new Map([...files, ['what everybody may read', said + ordinarySealedText()]]));
}

function accepted(rendering: Rendering, { deployment }: Specification): Extract<Rendering, { kind: 'rendered' }> {
  if (rendering.kind === 'rendered') return rendering;
  throw new TowpathError(
    'terminal',
    'InvalidManifest',
    describeFindings(`render deployment ${deployment.name}`, rendering.findings),
  );
}
