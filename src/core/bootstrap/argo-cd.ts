/** What Argo CD needs beside Towpath: a project that allows just this, and one Application a deployment. */
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { EmittedKind } from './kinds.ts';
import { type BootstrapObject, bootstrapLabels, bootstrapName } from './object.ts';

interface ArgoCdBootstrap {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
  readonly kinds: readonly EmittedKind[];
  /** API server that the deployments go to, as Argo CD knows it. */
  readonly server: string;
  readonly signatures: ArgoCdSignatures;
}

/** Argo CD 3.5 verifies by `sourceIntegrity`, older ones by `signatureKeys`; it refuses a project with both. */
export type ArgoCdSignatures =
  | { readonly kind: 'none' }
  | { readonly kind: 'source-integrity' | 'signature-keys'; readonly keyIds: readonly string[] };

/** What Argo CD calls the cluster that it runs in. */
export const ownCluster = 'https://kubernetes.default.svc';

/** In the order in which they have to be made. */
export function argoCdObjects(bootstrap: ArgoCdBootstrap): readonly BootstrapObject[] {
  return [project(bootstrap), applicationSet(bootstrap)];
}

export function projectName(namespace: NamespaceName, { argoCd }: Pick<Namespace, 'argoCd'>): string {
  return argoCd.project ?? bootstrapName(namespace);
}

/** The directories of which each is one Application. */
function deploymentDirectories({ layout }: Pick<Namespace, 'layout'>): string {
  return layout === 'flat' ? 'deployments/*' : 'deployments/*/*';
}

function project(bootstrap: ArgoCdBootstrap): BootstrapObject {
  const { namespace, settings, kinds, server } = bootstrap;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: {
      name: projectName(namespace, settings),
      namespace: settings.argoCd.namespace,
      labels: bootstrapLabels(namespace),
    },
    spec: {
      description: `Deployments that Towpath lays down for namespace ${namespace}`,
      sourceRepos: [settings.repository],
      destinations: [{ namespace, server }],
      clusterResourceWhitelist: [],
      namespaceResourceWhitelist: kinds.map(({ group, kind }) => ({ group, kind })),
      ...orphans(settings),
      ...signatures(bootstrap),
    },
  };
}

/** Each Application looks through the whole namespace for orphans: too much where there are thousands of them. */
function orphans({ layout }: Namespace): Readonly<Record<string, unknown>> {
  if (layout === 'sharded') return {};
  // The listener makes Secrets that are in no commit, and so of no Application.
  return { orphanedResources: { warn: true, ignore: [{ kind: 'Secret' }] } };
}

function signatures({ settings, signatures: wanted }: ArgoCdBootstrap): Readonly<Record<string, unknown>> {
  switch (wanted.kind) {
    case 'none':
      return {};
    case 'signature-keys':
      return { signatureKeys: wanted.keyIds.map((keyID) => ({ keyID })) };
    case 'source-integrity': {
      // The head alone: what was there before signing began cannot be signed any more.
      const gpg = { mode: 'head', keys: wanted.keyIds };
      return { sourceIntegrity: { git: { policies: [{ repos: [{ url: settings.repository }], gpg }] } } };
    }
    default:
      return wanted satisfies never;
  }
}

function applicationSet({ namespace, settings, server }: ArgoCdBootstrap): BootstrapObject {
  const { repository, branch, argoCd } = settings;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name: bootstrapName(namespace), namespace: argoCd.namespace, labels: bootstrapLabels(namespace) },
    spec: {
      goTemplate: true,
      goTemplateOptions: ['missingkey=error'],
      generators: [
        {
          git: {
            repoURL: repository,
            revision: branch,
            directories: [{ path: deploymentDirectories(settings) }],
            requeueAfterSeconds: 180,
          },
        },
      ],
      // Towpath removes a folder only on an explicit word, so that an Application may go with its folder.
      syncPolicy: { applicationsSync: 'sync' },
      template: {
        metadata: {
          name: '{{.path.basename}}',
          labels: bootstrapLabels(namespace),
          annotations: applicationAnnotations,
          finalizers: ['resources-finalizer.argocd.argoproj.io'],
        },
        spec: {
          project: projectName(namespace, settings),
          source: { repoURL: repository, targetRevision: branch, path: '{{.path.path}}' },
          destination: { server, namespace },
          syncPolicy: applicationSync,
        },
      },
    },
  };
}

/**
 * No `manifest-generate-paths`: where an operation ends after a newer commit was compared, Argo CD (3.5) takes that commit
 * for one without changes, and never syncs it.
 */
const applicationAnnotations = {
  // The API server knows its own defaults: without it a claim's template or a route's parent is OutOfSync for ever.
  'argocd.argoproj.io/compare-options': 'ServerSideDiff=true',
};

const applicationSync = {
  // An empty folder prunes nothing (allowEmpty is left out): removals take the folder with them.
  automated: { prune: true, selfHeal: true },
  syncOptions: [
    'ServerSideApply=true',
    'CreateNamespace=false',
    'PruneLast=true',
    // Two Applications of one object would undo each other's work for ever.
    'FailOnSharedResource=true',
  ],
  // With `refresh` a retry takes the newest commit: a bad one does not block its own repair.
  retry: { limit: -1, refresh: true, backoff: { duration: '5s', factor: 2, maxDuration: '3m' } },
};
