/** Steps 4 to 6 for one revision: fetch its specification, render, validate, hide its secrets. */
import { inputsDigest } from '../core/inputs-digest.ts';
import type { Provenance } from '../core/provenance.ts';
import { describeFindings } from '../core/report.ts';
import { hasExternalDatabase } from '../core/values-server.ts';
import type { Present } from '../domain/desired.ts';
import { TowpathError } from '../domain/failure.ts';
import { parseImageReference } from '../domain/image-reference.ts';
import { resourceName } from '../domain/resource-name.ts';
import type { Specification } from '../domain/specification.ts';
import type { PlainSecret } from '../ports.ts';
import type { LaneContext, Prepared, Rendering } from './context.ts';
import { databaseSecret, environmentSecretOf, keyOf } from './plain-secrets.ts';
import { refuseWithoutLeadership } from './publish.ts';

/** Throws TowpathError, classed; findings make a terminal one that names them all. */
export async function prepareRevision(
  context: LaneContext,
  desired: Present,
  held: Provenance | null,
): Promise<Prepared> {
  const specification = await context.controlPlane.specification(desired.deploymentId, desired.revisionId);
  refuseMisfit(context, desired, specification);
  const secrets = await planSecrets(context, specification, held);
  const name = resourceName(specification.deployment.name, specification.deployment.id);
  const rendering = context.renderer.render(
    {
      resourceName: name,
      specification,
      namespace: context.settings,
      agentServer: context.agentServer,
      secrets: { environment: secrets.environment, database: secrets.database },
    },
    secrets.sensitive,
  );
  const { files, url } = accepted(rendering, specification);
  refuseWithoutLeadership(context);
  const sealed = await Promise.all(secrets.plain.map((secret) => context.sealer.seal(secret)));
  return {
    revisionId: desired.revisionId,
    inputsDigest: inputsDigest(context.configuration, desired.revisionId),
    specification,
    files: new Map([...files, ...sealed.flatMap((each) => [...each.files])]),
    secretName: secrets.environment,
    keyId: context.secretKey?.id ?? null,
    notes: [...secrets.notes, ...sealed.flatMap((each) => each.note ?? [])],
    url,
    sensitive: secrets.sensitive,
  };
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

interface PlannedSecrets {
  readonly environment: string | null;
  readonly database: string | null;
  readonly plain: readonly PlainSecret[];
  readonly notes: readonly string[];
  /** What must not be found in any file, by the name under which a message may speak of it. */
  readonly sensitive: Readonly<Record<string, string>>;
}

async function planSecrets(
  context: LaneContext,
  specification: Specification,
  held: Provenance | null,
): Promise<PlannedSecrets> {
  const database = !hasExternalDatabase({ specification, agentServer: context.agentServer })
    ? databaseSecret(context, specification)
    : null;
  const environment = await environmentSecret(context, specification, held);
  const plain = [environment.plain, database].filter((secret) => secret !== null);
  return {
    environment: environment.name,
    database: database?.name ?? null,
    plain,
    notes: environment.note === null ? [] : [environment.note],
    sensitive: Object.assign({}, ...plain.map((secret) => secret.values)),
  };
}

/** Values are asked for only where PROVENANCE does not name their version, made with the same key. */
async function environmentSecret(
  context: LaneContext,
  specification: Specification,
  held: Provenance | null,
): Promise<{ readonly name: string | null; readonly plain: PlainSecret | null; readonly note: string | null }> {
  const { deployment, revision, secretsVersion } = specification;
  if (secretsVersion === null) return { name: null, plain: null, note: null };
  const key = keyOf(context, specification);
  if (held?.secretName && held.secretsVersion === secretsWord(secretsVersion) && held.keyId === key.id) {
    return { name: held.secretName, plain: null, note: `Secret "${held.secretName}" stays as it was.` };
  }
  const { values } = await context.controlPlane.secrets(deployment.id, revision.id);
  const secret = environmentSecretOf(context, specification, values);
  return { name: secret.name, plain: secret, note: null };
}

/** An opaque version as one word, whatever the control plane makes it of. */
export function secretsWord(version: string): string {
  return /^[!-~]{1,300}$/.test(version)
    ? version
    : `base64:${Buffer.from(version).toString('base64url').slice(0, 290)}`;
}

function accepted(rendering: Rendering, { deployment }: Specification): Extract<Rendering, { kind: 'rendered' }> {
  if (rendering.kind === 'rendered') return rendering;
  throw new TowpathError(
    'terminal',
    'InvalidManifest',
    describeFindings(`render deployment ${deployment.name}`, rendering.findings),
  );
}
