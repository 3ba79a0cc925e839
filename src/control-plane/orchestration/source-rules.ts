/** Which sources and which fields of source_config an `external_docker` deployment may have. */
import { Refusal } from '../refusal.ts';
import type { DeploymentRow } from '../store/rows.ts';
import type { PatchRequest, SourceConfigRequest } from './requests.ts';

export function refuseOtherSources(source: string): void {
  if (source === 'external_docker') return;
  throw new Refusal(
    400,
    `Source '${source}' is not supported: this control plane builds no images. Build and push the image yourself, then ` +
      "deploy it with source 'external_docker': langgraph deploy --image-uri <registry>/<image>@sha256:<digest> " +
      '--listener-id <id>',
  );
}

/** Fields that have a meaning for hosted builds only. */
export function refuseSourceFields(config: SourceConfigRequest, when: 'create' | 'change'): void {
  const problems = [
    ...(['integration_id', 'repo_url', 'template_id'] as const)
      .filter((field) => given(config[field]))
      .map((field) => notAllowed(field)),
    ...(given(config.deployment_type) && (when === 'create' || config.deployment_type !== 'prod')
      ? [notAllowed('deployment_type')]
      : []),
    ...(given(config.build_on_push) && (when === 'create' || config.build_on_push)
      ? [notAllowed('build_on_push')]
      : []),
  ];
  if (problems.length > 0) throw new Refusal(400, `Source configuration error: ${problems.join('; ')}`);
}

/** A value equal to the present one changes nothing, so it may be said. */
export function refuseImmutable(request: PatchRequest, deployment: DeploymentRow): void {
  const config = request.source_config ?? {};
  const pairs: readonly (readonly [string, string | null | undefined, string])[] = [
    ['name', request.name, deployment.name],
    ['source', request.source, 'external_docker'],
    ['source_config.listener_id', config.listener_id?.toLowerCase(), deployment.listenerId],
    ['source_config.listener_config.k8s_namespace', config.listener_config?.k8s_namespace, deployment.namespace],
  ];
  const changed = pairs.filter(([, asked, present]) => given(asked) && asked !== present);
  if (changed.length === 0) return;
  throw new Refusal(
    400,
    changed.map(([field, , present]) => `'${field}' cannot be changed: it is '${present}'`).join('; '),
  );
}

function given(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function notAllowed(field: string): string {
  return `'source_config.${field}' is not allowed for source 'external_docker'`;
}
