/** Every right that the listener needs in a cluster: what the install manifests grant, and what `towpath doctor` asks. */

export interface AccessRule {
  /** Empty for the core group. */
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly ('get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete')[];
  /** What for, as a person may read it who decides whether to grant it. */
  readonly why: string;
  /** Without it the listener goes on, and says less. */
  readonly optional?: true;
  /** Only where secrets.mode is this: elsewhere the listener has nothing to do with Secrets, and may not read them. */
  readonly secretsMode?: 'cluster';
}

/** What the namespace needs with its secrets.mode. */
export function servedAccessWith(secretsMode: string): readonly AccessRule[] {
  return servedNamespaceAccess.filter((rule) => (rule.secretsMode ?? secretsMode) === secretsMode);
}

/** In each namespace that the listener serves. */
export const servedNamespaceAccess: readonly AccessRule[] = [
  {
    group: 'apps',
    resources: ['deployments', 'statefulsets'],
    verbs: ['list', 'watch'],
    why: 'whether the revision runs',
  },
  { group: '', resources: ['pods'], verbs: ['list', 'watch'], why: 'why a revision does not run yet' },
  {
    group: '',
    resources: ['events'],
    verbs: ['list'],
    why: 'what the kubelet and the controllers say',
    optional: true,
  },
  { group: 'apps', resources: ['replicasets'], verbs: ['list'], why: 'which Secrets old pods still need' },
  {
    group: '',
    resources: ['secrets'],
    verbs: ['list', 'create', 'patch', 'delete'],
    why: 'Secrets of the deployments (secrets.mode: cluster)',
    secretsMode: 'cluster',
  },
  {
    group: '',
    resources: ['services/proxy'],
    verbs: ['get'],
    why: 'asking /ok of a server through the API server',
    optional: true,
  },
  {
    group: '',
    resources: ['services', 'serviceaccounts', 'configmaps', 'persistentvolumeclaims'],
    verbs: ['list'],
    why: 'what is left of a deployment that is being deleted',
  },
  { group: 'apps', resources: ['daemonsets'], verbs: ['list'], why: 'the same' },
  { group: 'batch', resources: ['jobs', 'cronjobs'], verbs: ['list'], why: 'the same' },
  { group: 'autoscaling', resources: ['horizontalpodautoscalers'], verbs: ['list'], why: 'the same' },
  { group: 'policy', resources: ['poddisruptionbudgets'], verbs: ['list'], why: 'the same' },
  { group: 'networking.k8s.io', resources: ['ingresses', 'networkpolicies'], verbs: ['list'], why: 'the same' },
  { group: 'rbac.authorization.k8s.io', resources: ['roles', 'rolebindings'], verbs: ['list'], why: 'the same' },
  { group: 'gateway.networking.k8s.io', resources: ['httproutes'], verbs: ['list'], why: 'the same' },
  { group: 'networking.istio.io', resources: ['virtualservices'], verbs: ['list'], why: 'the same' },
  { group: 'keda.sh', resources: ['scaledobjects', 'triggerauthentications'], verbs: ['list'], why: 'the same' },
  { group: 'bitnami.com', resources: ['sealedsecrets'], verbs: ['list'], why: 'the same' },
  { group: 'external-secrets.io', resources: ['externalsecrets'], verbs: ['list'], why: 'the same' },
  { group: 'apps.langchain.ai', resources: ['lgps'], verbs: ['list', 'watch'], why: 'the template set lgp' },
];

/** In the namespace of Argo CD. */
export const argoCdAccess: readonly AccessRule[] = [
  {
    group: 'argoproj.io',
    resources: ['applications'],
    verbs: ['list', 'watch', 'patch'],
    why: 'how far a sync is; asking for a refresh; ending an operation that retries an old commit',
  },
  {
    group: 'argoproj.io',
    resources: ['applicationsets'],
    verbs: ['list', 'patch'],
    why: 'asking for a refresh when a deployment is new or removed',
  },
];

/** In the namespace of Flux’s objects. */
export const fluxAccess: readonly AccessRule[] = [
  {
    group: 'source.toolkit.fluxcd.io',
    resources: ['gitrepositories'],
    verbs: ['list', 'watch', 'patch'],
    why: 'whether the commit was fetched; asking for it',
  },
  {
    group: 'kustomize.toolkit.fluxcd.io',
    resources: ['kustomizations'],
    verbs: ['list', 'watch'],
    why: 'how far an apply is',
  },
];

/** In the listener’s own namespace, where several replicas run. */
export const leaderElectionAccess: readonly AccessRule[] = [
  {
    group: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['get', 'create', 'update'],
    why: 'which replica works',
  },
];
