/** What a request makes of the revision before it; pure. */
import { type ResourceProblem, resourceProblems } from '../../domain/resource-limits.ts';
import type { ResourceSpec } from '../../domain/resource-spec.ts';
import type { SecretReference } from '../../domain/specification.ts';
import { Refusal } from '../refusal.ts';
import type { RevisionRow } from '../store/rows.ts';
import type { BuildSettings } from '../store/schema.ts';
import { environmentProblems, type SecretValue, valueProblems } from './environment.ts';
import { checkImage, type Image } from './image.ts';
import type { RevisionRequest } from './requests.ts';

/** The revision before, with its secret values opened. */
export interface PreviousRevision {
  readonly row: RevisionRow;
  readonly secrets: readonly SecretValue[];
}

export interface RevisionDraft {
  readonly image: Image;
  readonly resourceSpec: ResourceSpec;
  readonly buildSettings: BuildSettings;
  readonly secretReferences: readonly SecretReference[];
  readonly secrets: { readonly kind: 'keep' } | { readonly kind: 'replace'; readonly values: readonly SecretValue[] };
}

/** Whether a PATCH says anything that belongs to a revision; `secrets: []` counts as unsaid. */
export function makesRevision(request: RevisionRequest): boolean {
  const said = [
    request.source_config?.resource_spec,
    request.secret_references,
    request.source_revision_config?.image_uri,
    ...Object.values(buildSettingsOf(request)),
  ];
  return (request.secrets?.length ?? 0) > 0 || said.some((value) => value !== null && value !== undefined);
}

/** Throws 400 or 422 with every problem. `previous` is null for the first revision. */
export function draftRevision(request: RevisionRequest, previous: PreviousRevision | null): RevisionDraft {
  const secretReferences = request.secret_references ?? previous?.row.secretReferences ?? [];
  const secrets = request.secrets?.length ? request.secrets : null;
  checkEnvironment(secrets ?? previous?.secrets ?? [], secretReferences);
  const resourceSpec = request.source_config?.resource_spec ?? previous?.row.resourceSpec;
  if (!resourceSpec) {
    throw new Refusal(
      400,
      "Source configuration error: 'source_config.resource_spec' is required; {} takes the defaults",
    );
  }
  checkResources(resourceSpec);
  return {
    image: imageOf(request, previous),
    resourceSpec,
    buildSettings: { ...previous?.row.buildSettings, ...buildSettingsOf(request) },
    secretReferences,
    secrets:
      secrets === null || sameSecrets(secrets, previous) ? { kind: 'keep' } : { kind: 'replace', values: secrets },
  };
}

function imageOf(request: RevisionRequest, previous: PreviousRevision | null): Image {
  const uri = request.source_revision_config?.image_uri ?? previous?.row.imageUri;
  if (!uri) {
    throw new Refusal(
      400,
      "Source revision configuration error: 'source_revision_config.image_uri' is required for source 'external_docker'",
    );
  }
  return checkImage(uri);
}

function checkEnvironment(secrets: readonly SecretValue[], references: readonly SecretReference[]): void {
  const names = secrets.map((secret) => secret.name);
  const problems = [...environmentProblems(names, references), ...valueProblems(secrets)];
  if (problems.length > 0) throw new Refusal(400, problems.join('; '));
}

function checkResources(spec: ResourceSpec): void {
  const problems = resourceProblems(spec);
  if (problems.length > 0) throw new Refusal(422, problems.map(issueOf));
}

function issueOf(problem: ResourceProblem) {
  return { loc: ['body', 'source_config', 'resource_spec', problem.field], msg: problem.message, type: 'value_error' };
}

function buildSettingsOf(request: RevisionRequest): BuildSettings {
  const { repo_ref, langgraph_config_path, source_tarball_path } = request.source_revision_config ?? {};
  const { install_command, build_command } = request.source_config ?? {};
  const settings = { repo_ref, langgraph_config_path, source_tarball_path, install_command, build_command };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value === 'string'));
}

/** The set, and with it the `secretsVersion`, stays while names and values do: no Secret is made anew for nothing. */
function sameSecrets(secrets: readonly SecretValue[], previous: PreviousRevision | null): boolean {
  if (!previous || previous.secrets.length !== secrets.length) return false;
  const known = new Map(previous.secrets.map((secret) => [secret.name, secret.value]));
  return secrets.every((secret) => known.get(secret.name) === secret.value);
}
