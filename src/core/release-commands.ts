/** The commands that messages name: what a person runs to let something go on. Their words need no quotes in a shell. */
import type { DeploymentName, NamespaceName } from '../domain/identifiers.ts';

export function releaseCommand(what: string, namespace: NamespaceName): string {
  return `towpath hold release ${what} --namespace ${namespace}`;
}

export function adoptCommand(deployment: DeploymentName, namespace: NamespaceName): string {
  return `towpath adopt ${deployment} --namespace ${namespace}`;
}
