/** Tries users' templates at the start, on changes that have all there can be and the least there can be. */
import {
  DeploymentId,
  DeploymentName,
  ListenerId,
  NamespaceName,
  RevisionId,
  WorkspaceId,
} from '../../domain/identifiers.ts';
import type { PullRequestTemplates } from '../../domain/pull-request.ts';
import type { Provenance } from '../provenance.ts';
import { type ReviewedChange, tellChange } from './change.ts';
import { renderBody, renderTitle } from './template.ts';

/** Throws one terminal TowpathError that names option and line, before the first pull request needs the template. */
export function checkPullRequestTemplates({ title, body }: PullRequestTemplates): void {
  for (const change of [deployment, removal]) {
    const told = tellChange(change);
    if (title !== null) renderTitle(title, change, told);
    if (body !== null) renderBody(body, change, told, Number.POSITIVE_INFINITY);
  }
}

const id = '00000000-0000-4000-8000-000000000000';
const digest = `sha256:${'0'.repeat(64)}`;

const provenance: Provenance = {
  change: 'deploy',
  deploymentId: DeploymentId.parse(id),
  revisionId: RevisionId.parse(id),
  revisionNumber: 2,
  rollbackTo: RevisionId.parse(id),
  rollbackToNumber: 1,
  workspaceId: WorkspaceId.parse(id),
  listenerId: ListenerId.parse(id),
  template: `agent-server@${digest}`,
  inputsDigest: digest,
  image: 'registry.example/agent:1.0.0',
  secretsVersion: null,
  secretName: null,
  keyId: null,
  towpathVersion: '1.0.0',
  requestedBy: 'Ada <ada@example.com>',
  requestedAt: '1970-01-01T00:00:00.000Z',
  operator: null,
  why: null,
  content: digest,
};

const deployment: ReviewedChange = {
  kind: 'deploy',
  namespace: NamespaceName.parse('example'),
  deployment: { id: provenance.deploymentId, name: DeploymentName.parse('example') },
  path: 'deployments/example',
  before: null,
  after: new Map([['api.configmap.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: example\n']]),
  provenance: { before: null, after: provenance },
  commit: { subject: 'deploy(example): revision 00000000', why: 'An example.' },
  requester: { name: 'Ada', email: 'ada@example.com', proof: 'admin', key: { id: 'example', maker: null } },
  requestedAt: new Date(0),
  controlPlane: 'https://control-plane.example',
  engine: 'flux',
  deletesData: false,
};

const removal: ReviewedChange = {
  ...deployment,
  kind: 'remove',
  before: deployment.after,
  after: null,
  provenance: { before: { ...provenance, revisionNumber: null, rollbackTo: null }, after: null },
  commit: { subject: 'remove(example): revision 00000000', why: null },
  requester: null,
  requestedAt: null,
  engine: null,
};
