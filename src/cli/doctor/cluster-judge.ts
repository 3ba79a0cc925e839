/** What the cluster itself must be: its version, its kinds, and the rights that it gives the listener. */
import {
  type AccessRule,
  argoCdAccess,
  fluxAccess,
  leaderElectionAccess,
  servedAccessWith,
} from '../../core/required-access.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { type Finding, failed, ok, warning } from './check.ts';

/** `known` are the minor versions that manifests are validated for, oldest first. */
export function judgeVersion(minor: string, known: readonly string[]): Finding {
  const oldest = known[0] ?? '';
  const newest = known.at(-1) ?? '';
  if (known.includes(minor)) return ok('version', `Kubernetes ${minor}`);
  if (numberOf(minor) < numberOf(oldest)) {
    const message = `Kubernetes ${minor} is older than ${oldest}, the oldest that manifests are made for`;
    return failed('version', message, 'upgrade the cluster');
  }
  const message = `Kubernetes ${minor} is newer than ${newest}, the newest that manifests are checked for`;
  return warning('version', message, 'upgrade Towpath when there is a version that knows it');
}

export function judgeTarget(minor: string, { kubernetesVersion }: Namespace): readonly Finding[] {
  if (kubernetesVersion === undefined || kubernetesVersion === minor) return [];
  const message = `kubernetesVersion is ${kubernetesVersion}, but the cluster has ${minor}`;
  return [warning('version', message, `set kubernetesVersion to "${minor}", or leave it out`)];
}

/** A kind that something in the configuration relies on. */
interface NeededKind {
  readonly groupVersion: string;
  readonly resource: string;
  readonly why: string;
  readonly mend: string;
}

export function neededKinds(configuration: Configuration, settings: Namespace): readonly NeededKind[] {
  const { autoscaler } = configuration.agentServer;
  const routes = {
    gateway: ['gateway.networking.k8s.io/v1', 'httproutes'],
    istio: ['networking.istio.io/v1', 'virtualservices'],
  };
  const { kind } = settings.route;
  const route = kind === 'gateway' || kind === 'istio' ? routes[kind] : null;
  return [
    ...(route === null
      ? []
      : [
          kindOf(
            route[0] ?? '',
            route[1] ?? '',
            `route.kind is ${kind}`,
            'install its CRDs, or choose another route.kind',
          ),
        ]),
    ...(autoscaler === 'keda'
      ? ['scaledobjects', 'triggerauthentications'].map((resource) =>
          kindOf(
            'keda.sh/v1alpha1',
            resource,
            'agentServer.autoscaler is keda',
            'install KEDA, or choose another autoscaler',
          ),
        )
      : []),
    ...sealingKinds(settings),
    ...(settings.templates === 'lgp'
      ? [
          kindOf(
            'apps.langchain.ai/v1alpha1',
            'lgps',
            'templates is lgp',
            'install LangChain’s operator, or choose the templates agent-server',
          ),
        ]
      : []),
  ];
}

/** What turns the files of a sealing mode into Secrets. */
function sealingKinds({ secrets }: Namespace): readonly NeededKind[] {
  switch (secrets.mode) {
    case 'cluster':
    case 'sops':
      return [];
    case 'sealed-secrets': {
      const mend = 'install the controller of sealed-secrets, or choose another secrets.mode';
      return [kindOf('bitnami.com/v1alpha1', 'sealedsecrets', 'secrets.mode is sealed-secrets', mend)];
    }
    case 'external-secrets': {
      const mend = 'install the External Secrets Operator, or choose another secrets.mode';
      const why = 'secrets.mode is external-secrets';
      const stores = secrets.store.kind === 'SecretStore' ? 'secretstores' : 'clustersecretstores';
      return ['externalsecrets', stores].map((resource) => kindOf('external-secrets.io/v1', resource, why, mend));
    }
    default:
      return secrets satisfies never;
  }
}

function kindOf(groupVersion: string, resource: string, why: string, mend: string): NeededKind {
  return { groupVersion, resource, why, mend };
}

export function judgeKind(needed: NeededKind, served: ReadonlySet<string> | null): Finding {
  const name = `${needed.resource} of ${needed.groupVersion}`;
  if (served?.has(needed.resource)) return ok('kinds', `${name} are served`);
  return failed('kinds', `${name} are not served, but ${needed.why}`, needed.mend);
}

/** One right of one resource, with what the rule says of it. */
interface NeededRight {
  readonly namespace: string;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly why: string;
  readonly isOptional: boolean;
}

/** `engines`: which of them the namespace works with. `hasGroup`: what is not served needs no rights. */
export function neededRights(
  namespace: string,
  settings: Namespace,
  engines: readonly ('argo-cd' | 'flux')[],
  hasGroup: (group: string) => boolean,
): readonly NeededRight[] {
  return [
    ...rightsOf(namespace, servedAccessWith(settings.secrets.mode)),
    ...(engines.includes('argo-cd')
      ? rightsOf(settings.argoCd.namespace, refreshing(argoCdAccess, settings.argoCd))
      : []),
    ...(engines.includes('flux') ? rightsOf(settings.flux.namespace, refreshing(fluxAccess, settings.flux)) : []),
  ].filter(({ group }) => hasGroup(group));
}

export function electionRights(namespace: string): readonly NeededRight[] {
  return rightsOf(namespace, leaderElectionAccess);
}

/** Without `patch` an engine is merely not asked to hurry. */
function refreshing(rules: readonly AccessRule[], { refresh }: { readonly refresh: boolean }): readonly AccessRule[] {
  const asks = (rule: AccessRule): AccessRule => ({
    ...rule,
    verbs: ['patch'],
    why: 'asking the engine to look at once; set refresh to false to do without',
    optional: true,
  });
  return rules.flatMap((rule) => [
    { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'patch') },
    ...(refresh && rule.verbs.includes('patch') ? [asks(rule)] : []),
  ]);
}

function rightsOf(namespace: string, rules: readonly AccessRule[]): readonly NeededRight[] {
  return rules.flatMap(({ group, resources, verbs, why, optional }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => ({ namespace, group, resource, verb, why, isOptional: optional ?? false })),
    ),
  );
}

interface AnsweredRight extends NeededRight {
  readonly isAllowed: boolean;
}

/** Every right that is missing, at once: one line for what must be, one for what would be good. */
export function judgeRights(rights: readonly AnsweredRight[]): readonly Finding[] {
  const missing = rights.filter(({ isAllowed }) => !isAllowed);
  const mend =
    'apply the Role and RoleBinding that Towpath is installed with, or check with --as the account that it runs as';
  const required = missing.filter(({ isOptional }) => !isOptional);
  const optional = missing.filter(({ isOptional }) => isOptional);
  return [
    ...(required.length === 0 ? [] : [failed('rights', `may not ${listed(required)}`, mend)]),
    ...(optional.length === 0
      ? []
      : [warning('rights', `may not ${listed(optional)}; the listener does without`, mend)]),
    ...(missing.length === 0 ? [ok('rights', `all ${rights.length} that are needed`)] : []),
  ];
}

function listed(rights: readonly NeededRight[]): string {
  const byResource = new Map<string, NeededRight[]>();
  for (const right of rights) {
    const key = `${right.resource}${right.group === '' ? '' : `.${right.group}`} in ${right.namespace} (${right.why})`;
    byResource.set(key, [...(byResource.get(key) ?? []), right]);
  }
  return [...byResource].map(([name, each]) => `${each.map(({ verb }) => verb).join(', ')} ${name}`).join('; ');
}

function numberOf(minor: string): number {
  const [major = '0', rest = '0'] = minor.split('.');
  return Number(major) * 1000 + Number(rest);
}
