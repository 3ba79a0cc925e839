/** The name that a Deployment's Kubernetes objects and its folder in git bear. */
import { createHash } from 'node:crypto';
import type { Brand } from './brand.ts';
import type { DeploymentId, DeploymentName } from './identifiers.ts';

export type ResourceName = Brand<'ResourceName'>;
type Layout = 'flat' | 'sharded';

/** At most 32 characters of the name, `d-` before a leading digit, `-`, 10 hex digits of sha256(deployment id). */
export function resourceName(name: DeploymentName, id: DeploymentId): ResourceName {
  const base = (/^[0-9]/.test(name) ? `d-${name}` : name).slice(0, 32).replace(/-+$/, '');
  return `${base}-${shardKey(id).slice(0, 10)}` as ResourceName;
}

/** Where the folder of a Deployment is, from the repository's root, without a closing slash. */
export function folderOf(layout: Layout, name: ResourceName, id: DeploymentId): string {
  return layout === 'flat' ? `deployments/${name}` : `deployments/${shardKey(id).slice(0, 2)}/${name}`;
}

/** The way back: the name that such a folder, of whichever layout, was made from. */
export function resourceNameOf(folder: string): ResourceName {
  return folder.slice(folder.lastIndexOf('/') + 1) as ResourceName;
}

function shardKey(id: DeploymentId): string {
  return createHash('sha256').update(id).digest('hex');
}
