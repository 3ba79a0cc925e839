/** From rows to the bodies that clients know. */

import { Requester } from '../../domain/requester.ts';
import { explain, explainDeployment } from '../orchestration/silence.ts';
import { openSecretSet } from '../secrets/secret-sets.ts';
import type { SecretBox } from '../services.ts';
import type { DeploymentDetail } from '../store/deployments.ts';
import type { ListenerRow, RevisionRow } from '../store/rows.ts';
import type { Deployment, Listener, Revision } from './schemas.ts';

export function deploymentView(detail: DeploymentDetail, secretBox: SecretBox, now: Date): Deployment {
  const { deployment, revision, listener, secretSet } = detail;
  const url = deployment.customUrl ?? deployment.reportedUrl;
  return {
    id: deployment.id,
    tenant_id: deployment.workspaceId,
    name: deployment.name,
    display_name: deployment.displayName,
    status: deployment.status,
    source: 'external_docker',
    source_config: {
      integration_id: null,
      repo_url: null,
      deployment_type: 'prod',
      build_on_push: false,
      custom_url: url,
      resource_spec: revision.resourceSpec,
      listener_id: deployment.listenerId,
      listener_config: { k8s_namespace: deployment.namespace },
      install_command: revision.buildSettings.install_command ?? null,
      build_command: revision.buildSettings.build_command ?? null,
    },
    source_revision_config: sourceRevisionConfig(revision),
    secrets: secretSet ? [...openSecretSet(secretBox, secretSet)] : [],
    secret_references: [...revision.secretReferences],
    latest_revision_id: deployment.latestRevisionId,
    active_revision_id: deployment.activeRevisionId,
    image_version: revision.imageVersion,
    url,
    latest_revision_status: revision.status,
    latest_revision_status_message: explainDeployment(deployment, revision, listener, now),
    created_at: deployment.createdAt.toISOString(),
    updated_at: deployment.updatedAt.toISOString(),
  };
}

export function revisionView(revision: RevisionRow, listener: ListenerRow, now: Date): Revision {
  const message = explain(revision, listener, now);
  return {
    id: revision.id,
    created_at: revision.createdAt.toISOString(),
    updated_at: revision.updatedAt.toISOString(),
    status: revision.status,
    status_message: message,
    source: 'external_docker',
    source_revision_config: sourceRevisionConfig(revision),
    towpath: {
      number: revision.number,
      stage: revision.stage,
      outcome: revision.outcome,
      reason: revision.reason,
      message,
      commit: revision.commit,
      pull_request: revision.pullRequest,
      requester: Requester.parse(revision.requester),
      finished_at: revision.finishedAt?.toISOString() ?? null,
    },
  };
}

export function listenerView(listener: ListenerRow): Listener {
  return {
    id: listener.id,
    compute_type: 'k8s',
    compute_id: listener.computeId,
    compute_config: { k8s_namespaces: [...listener.namespaces] },
    version: listener.version,
    created_at: listener.createdAt.toISOString(),
    updated_at: listener.updatedAt.toISOString(),
    last_seen_at: listener.lastSeenAt?.toISOString() ?? null,
  };
}

function sourceRevisionConfig(revision: RevisionRow): Revision['source_revision_config'] {
  const { repo_ref, langgraph_config_path, source_tarball_path } = revision.buildSettings;
  return {
    repo_ref: repo_ref ?? null,
    langgraph_config_path: langgraph_config_path ?? null,
    image_uri: revision.imageUri,
    source_tarball_path: source_tarball_path ?? null,
    repo_commit_sha: null,
  };
}
