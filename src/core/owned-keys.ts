/** Which labels and annotations belong to somebody else: to us, to the GitOps engine, to the cluster. */
import { isUnder, prefixOf } from '../domain/label-syntax.ts';

/** Written by engines or the cluster on live objects; in git they would be fought over. */
export function isEngineOwned(key: string, value: unknown): boolean {
  const prefix = prefixOf(key);
  if (key === 'app.kubernetes.io/instance' || isUnder(prefix, 'fluxcd.io')) return true;
  if (isUnder(prefix, 'argoproj.io')) return !(harmlessArgo.has(key) && !holdsBack(value));
  return clusterOwned.has(key) || kustomizeOwned.has(prefix) || isUnder(prefix, 'helm.sh');
}

const harmlessArgo = new Set([
  'argocd.argoproj.io/sync-wave',
  'argocd.argoproj.io/sync-options',
  'argocd.argoproj.io/compare-options',
]);

/** A waiting or forbidden prune blocks every later commit; data is protected by the claim instead. */
function holdsBack(value: unknown): boolean {
  return typeof value === 'string' && /(?:Prune|Delete)=(?:confirm|false)|Replace=true|Force=true/i.test(value);
}

const clusterOwned = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'kubectl.kubernetes.io/restartedAt',
  'deployment.kubernetes.io/revision',
  'deprecated.daemonset.template.generation',
]);

/** `config.kubernetes.io/local-config` makes kustomize drop the object without a word. */
const kustomizeOwned = new Set(['config.kubernetes.io', 'internal.config.kubernetes.io', 'kustomize.config.k8s.io']);

/** Why a client's label or annotation is refused, or null: nobody reaches beyond his own deployment with one. */
export function whyReserved(key: string): string | null {
  const prefix = prefixOf(key);
  if (isUnder(prefix, 'towpath.dev')) return 'labels and annotations under towpath.dev/ are set by Towpath alone';
  if (isUnder(prefix, 'app.kubernetes.io')) return 'app.kubernetes.io/ holds the keys by which Towpath selects pods';
  if (isUnder(prefix, 'argoproj.io')) return 'Argo CD takes orders from keys under argoproj.io/';
  if (isUnder(prefix, 'fluxcd.io')) return 'Flux takes orders from keys under fluxcd.io/';
  if (isUnder(prefix, 'helm.sh')) return 'Argo CD and Helm take orders from keys under helm.sh/';
  if (kustomizeOwned.has(prefix)) return 'kustomize takes orders from this key';
  if (clusterOwned.has(key)) return 'the cluster writes this key itself';
  if (isUnder(prefix, 'ingress.kubernetes.io')) return 'ingress controllers take configuration from this key';
  if (
    isUnder(prefix, 'apparmor.security.beta.kubernetes.io') ||
    isUnder(prefix, 'seccomp.security.alpha.kubernetes.io')
  ) {
    return 'it would loosen the security profile of containers';
  }
  if (injectorKeys.has(key)) return 'a sidecar injector would add volumes or containers that nobody has checked';
  if (ownerKeys.has(key)) return 'controllers select pods by this label';
  return null;
}

/** Why a key may not be put on what LangChain's operator makes, or null. */
export function whyOperators(key: string): string | null {
  // Its own templates select by it, and a neighbour's Service would select these pods.
  if (key === 'app') return "LangChain's operator selects pods by this label";
  const prefix = prefixOf(key);
  const isOrder = isUnder(prefix, 'langchain.ai') || isUnder(prefix, 'lgp-operator.io');
  return isOrder ? "LangChain's operator takes orders from this key" : null;
}

const injectorKeys = new Set([
  'sidecar.istio.io/userVolume',
  'sidecar.istio.io/userVolumeMount',
  'sidecar.istio.io/bootstrapOverride',
  'inject.istio.io/templates',
  'proxy.istio.io/overrides',
]);

/** Attaches pods to networks of the node. */
const networkKeys = new Set(['k8s.v1.cni.cncf.io/networks', 'v1.multus-cni.io/default-network']);

export function isDoorToNode(key: string): boolean {
  return networkKeys.has(key);
}

const ownerKeys = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
]);
