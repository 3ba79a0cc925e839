/** What Flux needs beside Towpath: where the commits are, and a root that applies a Kustomization a deployment. */
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { fluxFolder, gitRepositoryName } from '../flux/objects.ts';
import { type EmittedKind, resourceOf } from './kinds.ts';
import { type BootstrapObject, bootstrapLabels, bootstrapName } from './object.ts';

interface FluxBootstrap {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
  readonly kinds: readonly EmittedKind[];
  /** Secret with the public keys that may sign commits; null: signatures are not verified. */
  readonly verifySecret: string | null;
}

/** In the order in which they have to be made. */
export function fluxObjects(bootstrap: FluxBootstrap): readonly BootstrapObject[] {
  return [...account(bootstrap), gitRepository(bootstrap), rootKustomization(bootstrap)];
}

/** Read-only credentials, which a person makes; null where the repository needs none. */
export function fluxCredentialsSecret(namespace: NamespaceName, settings: Namespace): string | null {
  const { credentials, caFile } = settings;
  return credentials === undefined && caFile === undefined ? null : `${bootstrapName(namespace)}-git`;
}

/** The public keys that may sign commits; people may add others to it. By file: `.sshpub` for SSH, `.asc` for GPG. */
export function fluxSigners(
  namespace: NamespaceName,
  { flux }: Pick<Namespace, 'flux'>,
  keys: Readonly<Record<string, string>>,
): BootstrapObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `${bootstrapName(namespace)}-signers`,
      namespace: flux.namespace,
      labels: bootstrapLabels(namespace),
    },
    // Not stringData, of which an apply takes nothing away again.
    data: Object.fromEntries(Object.entries(keys).map(([file, text]) => [file, Buffer.from(text).toString('base64')])),
  };
}

/** Flux takes URLs only, not the short form `git@host:path`. */
export function fluxUrl(repository: string): string {
  const [, user, host, path] = /^([^@/:\s]+)@([^@:/\s]+):(?!\/\/)\/?(.+)$/.exec(repository) ?? [];
  return user === undefined ? repository : `ssh://${user}@${host}/${path}`;
}

/** The account that Flux applies as, with the rights on what is rendered and on the Kustomizations; no others. */
function account({ namespace, settings, kinds }: FluxBootstrap): readonly BootstrapObject[] {
  const { serviceAccountName, namespace: fluxNamespace } = settings.flux;
  if (serviceAccountName === undefined) return [];
  const labels = bootstrapLabels(namespace);
  const name = bootstrapName(namespace);
  const applied = { name: `${name}-deployments`, namespace, labels };
  const kustomizations = { name: `${name}-kustomizations`, namespace: fluxNamespace, labels };
  const subject = { kind: 'ServiceAccount', name: serviceAccountName, namespace: fluxNamespace };
  return [
    // Several namespaces may share the account, so that it bears no single one's label.
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {
        name: serviceAccountName,
        namespace: fluxNamespace,
        labels: { 'app.kubernetes.io/managed-by': 'towpath' },
      },
    },
    ...grant(applied, rulesFor(kinds), subject),
    ...grant(kustomizations, rulesFor([{ group: 'kustomize.toolkit.fluxcd.io', kind: 'Kustomization' }]), subject),
  ];
}

function grant(
  metadata: BootstrapObject['metadata'],
  rules: readonly unknown[],
  subject: Readonly<Record<string, string>>,
): readonly BootstrapObject[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name };
  return [
    { apiVersion, kind: 'Role', metadata, rules },
    { apiVersion, kind: 'RoleBinding', metadata, roleRef, subjects: [subject] },
  ];
}

/** One rule a group, with the verbs of a server-side apply and a prune. */
function rulesFor(kinds: readonly EmittedKind[]): readonly unknown[] {
  const groups = [...new Set(kinds.map(({ group }) => group))];
  return groups.map((group) => ({
    apiGroups: [group],
    resources: kinds.filter((one) => one.group === group).map(resourceOf),
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'],
  }));
}

function gitRepository({ namespace, settings, verifySecret }: FluxBootstrap): BootstrapObject {
  const secret = fluxCredentialsSecret(namespace, settings);
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: {
      name: gitRepositoryName(namespace, settings.flux),
      namespace: settings.flux.namespace,
      labels: bootstrapLabels(namespace),
    },
    spec: {
      url: fluxUrl(settings.repository),
      ref: { branch: settings.branch },
      interval: '1m',
      timeout: '60s',
      ignore: onlyUsed(settings),
      ...(secret === null ? {} : { secretRef: { name: secret } }),
      ...(verifySecret === null ? {} : { verify: { mode: 'HEAD', secretRef: { name: verifySecret } } }),
    },
  };
}

/** What nobody applies needs no place in the artifact, which each Kustomization loads anew with each commit. */
function onlyUsed({ kustomize }: Namespace): string {
  const components = kustomize.components.map((path) => path.split('/')[0] ?? path);
  const folders = new Set(['deployments', fluxFolder, 'components', ...components]);
  return ['/*', ...[...folders].map((folder) => `!/${folder}`), ''].join('\n');
}

function rootKustomization({ namespace, settings }: FluxBootstrap): BootstrapObject {
  const { serviceAccountName, namespace: fluxNamespace } = settings.flux;
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: bootstrapName(namespace), namespace: fluxNamespace, labels: bootstrapLabels(namespace) },
    spec: {
      sourceRef: { kind: 'GitRepository', name: gitRepositoryName(namespace, settings.flux) },
      path: `./${fluxFolder}`,
      interval: '10m',
      // Until the first deployment is committed there is no such folder yet.
      retryInterval: '30s',
      timeout: '1m',
      prune: true,
      wait: false,
      force: false,
      // Who deletes the root by mistake shall not delete every deployment with it.
      deletionPolicy: 'Orphan',
      ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    },
  };
}
