/** From rows to the bodies that clients know. */

import { Requester } from '../../domain/requester.ts';
import { webAddress } from '../../domain/web-address.ts';
import { keptWarning } from '../orchestration/add-revision.ts';
import { describeDropped } from '../orchestration/served-lanes.ts';
import { describeRefusal, explain, explainDeployment } from '../orchestration/silence.ts';
import { tryOpenSecretSet } from '../secrets/secret-sets.ts';
import type { SecretBox } from '../services.ts';
import type { DeploymentDetail } from '../store/deployments.ts';
import type { ListedDeployment, ListedRevision } from '../store/list-deployments.ts';
import type { ListedListener } from '../store/list-listeners.ts';
import type { ListenerRow } from '../store/rows.ts';
import type { Deployment, Listener, Revision } from './schemas.ts';

/** What a client has set, else what the listener says; as a link, whatever an earlier version let in. */
export function urlOf({ customUrl, reportedUrl }: ListedDeployment['deployment']): string | null {
  return webAddress(customUrl) ?? webAddress(reportedUrl);
}

export function deploymentView(detail: DeploymentDetail, secretBox: SecretBox, now: Date): Deployment {
  const { revision, secretSet, warnings } = detail;
  const opened = secretSet === null ? [] : tryOpenSecretSet(secretBox, secretSet);
  return {
    ...viewOf(
      { ...detail, removalMessage: detail.deployment.lastRemovalReport?.message ?? null, large: revision },
      now,
    ),
    ...('problem' in opened ? { secrets: [], secrets_problem: opened.problem } : { secrets: [...opened] }),
    ...(warnings === undefined ? {} : { warnings: warnings.map(keptWarning) }),
  };
}

/** Lists open no secret; whoever sends back what he got from a list changes nothing. */
export function listedDeploymentView(listed: ListedDeployment, secretBox: SecretBox, now: Date): Deployment {
  const problem = listed.secretSet === null ? null : secretBox.whyUnreadable(listed.secretSet.keyId);
  return { ...viewOf(listed, now), secrets: [], ...(problem === null ? {} : { secrets_problem: problem }) };
}

type Viewed = Omit<ListedDeployment, 'secretSet'>;

function viewOf(
  { deployment, revision, listener, removalMessage, large }: Viewed,
  now: Date,
): Omit<Deployment, 'secrets'> {
  const url = urlOf(deployment);
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
      resource_spec: large?.resourceSpec ?? null,
      listener_id: deployment.listenerId,
      listener_config: { k8s_namespace: deployment.namespace },
      install_command: revision.buildSettings.install_command ?? null,
      build_command: revision.buildSettings.build_command ?? null,
    },
    source_revision_config: sourceRevisionConfig(revision),
    ...(large === null ? {} : { secret_references: [...large.secretReferences] }),
    latest_revision_id: deployment.latestRevisionId,
    active_revision_id: deployment.activeRevisionId,
    image_version: revision.imageVersion,
    url,
    latest_revision_status: revision.status,
    latest_revision_status_message: explainDeployment({ ...deployment, removalMessage }, revision, listener, now),
    created_at: deployment.createdAt.toISOString(),
    updated_at: deployment.updatedAt.toISOString(),
  };
}

export function revisionView(revision: ListedRevision, listener: ListenerRow, now: Date): Revision {
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
      pull_request: webAddress(revision.pullRequest),
      requester: Requester.parse(revision.requester),
      finished_at: revision.finishedAt?.toISOString() ?? null,
    },
  };
}

export function listenerView(listener: ListedListener, now: Date): Listener {
  const refused = describeRefusal(listener.reportRefusal, now);
  const dropped = describeDropped(listener.droppedReports, now);
  const problems = [refused, dropped].filter((problem) => problem !== null);
  return {
    id: listener.id,
    compute_type: 'k8s',
    compute_id: listener.computeId,
    compute_config: { k8s_namespaces: listener.namespaces && [...listener.namespaces] },
    version: listener.version,
    created_at: listener.createdAt.toISOString(),
    updated_at: listener.updatedAt.toISOString(),
    last_seen_at: listener.lastSeenAt?.toISOString() ?? null,
    report_problem: problems.length > 0 ? problems.join('; ') : null,
  };
}

function sourceRevisionConfig(
  revision: Pick<ListedRevision, 'buildSettings' | 'imageUri'>,
): Revision['source_revision_config'] {
  const { repo_ref, langgraph_config_path, source_tarball_path } = revision.buildSettings;
  return {
    repo_ref: repo_ref ?? null,
    langgraph_config_path: langgraph_config_path ?? null,
    image_uri: revision.imageUri,
    source_tarball_path: source_tarball_path ?? null,
    repo_commit_sha: null,
  };
}
