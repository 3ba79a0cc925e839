/** Labels: which objects bear which, and what selects pods. The one place that knows. */
import { createHash } from 'node:crypto';
import type { ImageReference } from '../../domain/image-reference.ts';
import type { RenderInput } from '../template/set.ts';

/** The parts of a deployment, as `app.kubernetes.io/component` says them. */
type Component = 'agent' | 'api' | 'queue' | 'postgres' | 'redis' | 'route' | 'network' | 'serviceaccount';
export type Labels = Readonly<Record<string, string>>;

/** On metadata of every object. The resource name, not the deployment's, is what is unique in a namespace. */
export function commonLabels({ resourceName, specification }: RenderInput, component: Component): Labels {
  const { deployment } = specification;
  return {
    'app.kubernetes.io/name': resourceName,
    'app.kubernetes.io/component': component,
    'app.kubernetes.io/part-of': deployment.name,
    'app.kubernetes.io/managed-by': 'towpath',
    'towpath.dev/deployment-id': deployment.id,
    'towpath.dev/listener-id': deployment.listenerId,
    'towpath.dev/workspace-id': deployment.workspaceId,
  };
}

/** On what runs the server only (API and queue, or the agent as a whole), metadata and pod template: a revision rolls its pods and proves which pods are new. */
export function revisionLabels({ specification }: RenderInput, image: ImageReference): Labels {
  return {
    'app.kubernetes.io/version': versionLabel(image),
    'towpath.dev/revision-id': specification.revision.id,
  };
}

/** What an operator is to put on everything that it makes: whose it is, and nothing that a revision changes. */
export function sharedLabels(input: RenderInput): Labels {
  const kept = Object.entries(commonLabels(input, 'agent')).filter(([key]) => !ofOneObject.has(key));
  return Object.fromEntries(kept);
}

/** The operator manages what it makes, and knows its parts better than we do. */
const ofOneObject = new Set(['app.kubernetes.io/component', 'app.kubernetes.io/managed-by']);

/** What workloads, Services and disruption budgets select by. Immutable in Kubernetes, so never anything more. */
export function selectorLabels({ resourceName }: RenderInput, component: Component): Labels {
  return { 'app.kubernetes.io/name': resourceName, 'app.kubernetes.io/component': component };
}

/** A claim outlives its StatefulSet, which refuses any change of this template: only what never changes. */
export function claimLabels({ resourceName, specification }: RenderInput): Labels {
  return {
    'app.kubernetes.io/name': resourceName,
    'app.kubernetes.io/component': 'postgres',
    'app.kubernetes.io/managed-by': 'towpath',
    'towpath.dev/deployment-id': specification.deployment.id,
  };
}

/** The tag where a label may hold it, else the digest's first 12 digits, else a hash of the tag. */
function versionLabel({ tag, digest }: ImageReference): string {
  if (tag !== null && /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(tag)) return tag;
  if (digest !== null) return digest.replace(/^[^:]*:/, '').slice(0, 12);
  return tag === null ? 'latest' : createHash('sha256').update(tag).digest('hex').slice(0, 12);
}
