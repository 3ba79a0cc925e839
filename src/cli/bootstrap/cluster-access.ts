/** Which cluster a person at a terminal means: what is said, else what the configuration names, else kubectl's own. */
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { ClusterAccess } from '../../domain/configuration-cluster.ts';

interface AccessOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function clusterAccess(
  configured: ClusterAccess,
  options: AccessOptions,
  environment: NodeJS.ProcessEnv = process.env,
): ClusterAccess {
  const context = options.context ?? configured.context;
  const kubeconfig = options.kubeconfig ?? configured.kubeconfig ?? unlessInPod(environment);
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig: resolve(kubeconfig) }),
    ...(context === undefined ? {} : { context }),
  };
}

/** The listener itself runs in a pod; whoever runs this command mostly does not. */
function unlessInPod(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment['KUBERNETES_SERVICE_HOST']) return undefined;
  return environment['KUBECONFIG']?.split(delimiter).find((path) => path !== '') ?? join(homedir(), '.kube', 'config');
}
