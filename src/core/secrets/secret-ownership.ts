/** Which Secrets and claims a deployment may not name: those that Towpath made, and those of the configuration. */

import type { AgentServer } from '../../domain/configuration-agent-server.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';

/** `<resource name>-env-<10 hex>`, `<resource name>-database`: a resource name ends in 10 hex digits. */
const madeByTowpath = /^([a-z][a-z0-9-]*-[0-9a-f]{10})-(?:env|database|postgres|redis|registry|tls)(?:[-.]|$)/;
/** `data-<resource name>-postgres-0`: the claim of a StatefulSet. */
const claimOfDatabase = /(?:^|-)([a-z][a-z0-9-]*-[0-9a-f]{10})-(?:postgres|database|redis)-[0-9]+$/;
const resourceNamed = /^[a-z][a-z0-9-]*-[0-9a-f]{10}(?:-|$)/;

/** The resource name of the deployment that a Secret was made for, or null. */
export function secretOwner(secretName: string): string | null {
  return madeByTowpath.exec(secretName)?.[1] ?? null;
}

/** Whether a claim holds some deployment's database; the owner's own is no exception for a client. */
export function isDatabaseClaim(claimName: string): boolean {
  return claimOfDatabase.test(claimName);
}

/** Whether a name of an object is one that Towpath gives to objects of another deployment. */
export function belongsToAnother(name: string, resourceName: string): boolean {
  return resourceNamed.test(name) && name !== resourceName && !name.startsWith(`${resourceName}-`);
}

/** Secrets that the configuration names for its own purposes, with the option that names each. */
export function configuredSecrets(
  namespace: Pick<Namespace, 'policy' | 'route'>,
  agentServer: Pick<AgentServer, 'langsmith' | 'licenseKey' | 'controlPlaneApiKey' | 'pods'>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of namespace.policy.reservedSecrets) found.set(name, 'policy.reservedSecrets');
  const { route } = namespace;
  const certificate = route.kind === 'ingress' ? route.tls?.secretName : undefined;
  if (certificate !== undefined) found.set(certificate, 'route.tls.secretName');
  if (agentServer.langsmith) found.set(agentServer.langsmith.apiKey.secretName, 'agentServer.langsmith.apiKey');
  if (agentServer.licenseKey) found.set(agentServer.licenseKey.secretName, 'agentServer.licenseKey');
  const { controlPlaneApiKey, pods } = agentServer;
  if (controlPlaneApiKey) found.set(controlPlaneApiKey.secretName, 'agentServer.controlPlaneApiKey');
  for (const name of pods.imagePullSecrets) found.set(name, 'agentServer.pods.imagePullSecrets');
  return found;
}
