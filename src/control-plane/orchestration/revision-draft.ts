/** What a request makes of the revision before it; pure. */
import { type ResourceProblem, resourceProblems, sizeProblem } from '../../domain/resource-limits.ts';
import type { ResourceSpec } from '../../domain/resource-spec.ts';
import type { SecretReference } from '../../domain/specification.ts';
import { Refusal } from '../refusal.ts';
import type { RevisionRow } from '../store/rows.ts';
import type { BuildSettings } from '../store/schema.ts';
import { environmentProblems, type SecretValue, valueProblems } from './environment.ts';
import { checkImage, type Image } from './image.ts';
import type { RevisionRequest } from './requests.ts';

interface PreviousRevision {
  readonly row: RevisionRow;
  /** Of its secrets; known without opening any. */
  readonly secretNames: readonly string[];
  /** Its values, asked for only where they are compared; null where nobody can open them. */
  readonly openSecrets: () => readonly SecretValue[] | null;
}

export interface RevisionDraft {
  readonly image: Image;
  readonly resourceSpec: ResourceSpec;
  readonly buildSettings: BuildSettings;
  readonly secretReferences: readonly SecretReference[];
  readonly secrets: { readonly kind: 'keep' } | { readonly kind: 'replace'; readonly values: readonly SecretValue[] };
  /** What is kept from the revision before, and would be refused if it were said today. */
  readonly warnings: readonly string[];
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

/**
 * Throws 400 or 422 with every problem of what the request says. What it does not say stays as it is: rules that came
 * later only warn of it. `previous` is null for the first revision.
 */
export function draftRevision(request: RevisionRequest, previous: PreviousRevision | null): RevisionDraft {
  const secretReferences = request.secret_references ?? previous?.row.secretReferences ?? [];
  const secrets = request.secrets?.length ? request.secrets : null;
  const names = secrets?.map((secret) => secret.name) ?? previous?.secretNames ?? [];
  const environment = judgeEnvironment(request, names, secretReferences);
  const problems = [...environment.refused, ...valueProblems(secrets ?? [])];
  if (problems.length > 0) throw new Refusal(400, problems.join('; '));
  const resourceSpec = request.source_config?.resource_spec ?? previous?.row.resourceSpec;
  if (!resourceSpec) {
    throw new Refusal(
      400,
      "Source configuration error: 'source_config.resource_spec' is required; {} takes the defaults",
    );
  }
  const isNewSpec = Boolean(request.source_config?.resource_spec);
  if (isNewSpec) checkResources(resourceSpec);
  return {
    image: imageOf(request, previous),
    resourceSpec,
    buildSettings: { ...previous?.row.buildSettings, ...buildSettingsOf(request) },
    secretReferences,
    secrets:
      secrets === null || sameSecrets(secrets, previous) ? { kind: 'keep' } : { kind: 'replace', values: secrets },
    warnings: [
      ...environment.kept,
      ...(isNewSpec ? [] : resourceProblems(resourceSpec).map(({ message }) => `resource_spec: ${message}`)),
    ],
  };
}

/** A name in both lists is refused where the request gives either of them. */
function judgeEnvironment(
  request: RevisionRequest,
  names: readonly string[],
  references: readonly SecretReference[],
): { readonly refused: readonly string[]; readonly kept: readonly string[] } {
  const givesNames = (request.secrets?.length ?? 0) > 0;
  const givesReferences = Boolean(request.secret_references);
  const all = environmentProblems(names, references);
  if (givesNames && givesReferences) return { refused: all, kept: [] };
  const ofKept = [
    ...(givesNames ? [] : environmentProblems(names, [])),
    ...(givesReferences ? [] : environmentProblems([], references)),
  ];
  const kept = new Set(givesNames || givesReferences ? ofKept : all);
  return { refused: all.filter((problem) => !kept.has(problem)), kept: [...kept] };
}

function imageOf(request: RevisionRequest, previous: PreviousRevision | null): Image {
  const uri = request.source_revision_config?.image_uri ?? null;
  if (uri === null && previous) return { uri: previous.row.imageUri, version: previous.row.imageVersion };
  if (!uri) {
    throw new Refusal(
      400,
      "Source revision configuration error: 'source_revision_config.image_uri' is required for source 'external_docker'",
    );
  }
  return checkImage(uri);
}

function checkResources(spec: ResourceSpec): void {
  const tooBig = sizeProblem(spec);
  if (tooBig !== null) throw new Refusal(422, [{ loc: resourceSpecAt, msg: tooBig, type: 'value_error' }]);
  const problems = resourceProblems(spec);
  if (problems.length > 0) throw new Refusal(422, problems.map(issueOf));
}

const resourceSpecAt = ['body', 'source_config', 'resource_spec'];

function issueOf(problem: ResourceProblem) {
  return { loc: [...resourceSpecAt, problem.field], msg: problem.message, type: 'value_error' };
}

function buildSettingsOf(request: RevisionRequest): BuildSettings {
  const { repo_ref, langgraph_config_path, source_tarball_path } = request.source_revision_config ?? {};
  const { install_command, build_command } = request.source_config ?? {};
  const settings = { repo_ref, langgraph_config_path, source_tarball_path, install_command, build_command };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value === 'string'));
}

/** The set, and with it the `secretsVersion`, stays while names and values do: no Secret is made anew for nothing. */
function sameSecrets(secrets: readonly SecretValue[], previous: PreviousRevision | null): boolean {
  if (previous?.secretNames.length !== secrets.length) return false;
  const known = new Map(previous.openSecrets()?.map((secret) => [secret.name, secret.value]));
  return secrets.every((secret) => known.get(secret.name) === secret.value);
}
