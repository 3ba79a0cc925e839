/** The engine's objects in its own namespace: one watch for all namespaces that the listener serves, found by repository and folder. */
import { sameRepository } from '../core/repository-url.ts';
import type { EngineObjects, LiveObject } from '../domain/live-object.ts';
import { keepApplication, keepWhole } from './cluster-kubernetes-keep.ts';
import { type Reflector, type ReflectorOptions, startReflector } from './cluster-kubernetes-reflector.ts';

type Shared = Omit<ReflectorOptions, 'collection' | 'onChange'>;

/** Tells each namespace of a change: which folder of which repository. */
export type EngineListener = (change: { readonly folder: string | null; readonly repository: string | null }) => void;

export interface EngineWatch {
  readonly reflectors: readonly Reflector[];
  objects(repository: string, folder: string): EngineObjects;
  /** Flux's GitRepositories of a repository; Argo CD has none. */
  gitRepositories(repository: string): readonly LiveObject[];
}

export function watchArgoCd(shared: Shared, namespace: string, tell: EngineListener): EngineWatch {
  const byFolder = new Map<string, LiveObject>();
  /** Those over more than one deployment; few, so that looking through them costs little. */
  const wide = new Map<string, LiveObject>();
  const reflector = startReflector({
    ...shared,
    collection: {
      path: `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/applications`,
      resource: 'applications.argoproj.io',
      namespace,
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      keep: keepApplication,
    },
    onChange: (before, after) => {
      for (const { folder } of before ? sourcesOf(before) : []) byFolder.delete(folder);
      if (before) wide.delete(before.metadata.uid);
      for (const { folder } of after ? sourcesOf(after) : []) {
        if (after && folder.startsWith('deployments/')) byFolder.set(folder, after);
        else if (after) wide.set(after.metadata.uid, after);
      }
      for (const { repository, folder } of sourcesOf((after ?? before) as LiveObject)) tell({ repository, folder });
    },
  });
  const find = (repository: string, folder: string): LiveObject | null => {
    const exact = byFolder.get(folder);
    const candidates = [...(exact ? [exact] : []), ...wide.values()];
    const distances = candidates.flatMap((object) =>
      sourcesOf(object)
        .filter((source) => isAbove(source.folder, folder) && sameRepository(source.repository, repository))
        .map((source) => ({ object, length: source.folder.length })),
    );
    return distances.sort((one, other) => other.length - one.length)[0]?.object ?? null;
  };
  return {
    reflectors: [reflector],
    objects: (repository, folder) => ({ kind: 'argo-cd', application: find(repository, folder) }),
    gitRepositories: () => [],
  };
}

function isAbove(path: string, folder: string): boolean {
  return path === '' || path === folder || folder.startsWith(`${path}/`);
}

interface Source {
  readonly repository: string;
  readonly folder: string;
}

function sourcesOf({ spec }: LiveObject): readonly Source[] {
  const { source, sources } = (spec ?? {}) as { source?: ArgoSource; sources?: readonly ArgoSource[] };
  return [...(sources ?? []), ...(source ? [source] : [])].map(({ repoURL = '', path = '' }) => ({
    repository: repoURL,
    folder: plainPath(path),
  }));
}

interface ArgoSource {
  readonly repoURL?: string;
  readonly path?: string;
}

export function watchFlux(shared: Shared, namespace: string, tell: EngineListener): EngineWatch {
  const collection = (group: string, plural: string, kind: string) => ({
    path: `/apis/${group}/v1/namespaces/${namespace}/${plural}`,
    resource: `${plural}.${group}`,
    namespace,
    apiVersion: `${group}/v1`,
    kind,
    keep: keepWhole,
  });
  const repositories = startReflector({
    ...shared,
    collection: collection('source.toolkit.fluxcd.io', 'gitrepositories', 'GitRepository'),
    onChange: (before, after) => tell({ repository: urlOf(after ?? before), folder: null }),
  });
  const byFolder = new Map<string, LiveObject>();
  const kustomizations = startReflector({
    ...shared,
    collection: collection('kustomize.toolkit.fluxcd.io', 'kustomizations', 'Kustomization'),
    onChange: (before, after) => {
      if (before) byFolder.delete(pathOf(before));
      if (after) byFolder.set(pathOf(after), after);
      tell({ repository: null, folder: pathOf((after ?? before) as LiveObject) });
    },
  });
  const gitRepositories = (repository: string): readonly LiveObject[] =>
    [...repositories.objects.values()].filter((object) => sameRepository(urlOf(object) ?? '', repository));
  return {
    reflectors: [repositories, kustomizations],
    objects: (repository, folder) => {
      const candidates = gitRepositories(repository);
      const found = byFolder.get(folder);
      const kustomization = found && candidates.some((one) => one.metadata.name === sourceOf(found)) ? found : null;
      const source = kustomization
        ? candidates.find((one) => one.metadata.name === sourceOf(kustomization))
        : candidates[0];
      return { kind: 'flux', kustomization, gitRepository: source ?? null };
    },
    gitRepositories,
  };
}

export function noEngineWatch(): EngineWatch {
  return { reflectors: [], objects: () => ({ kind: 'other' }), gitRepositories: () => [] };
}

function urlOf(object: LiveObject | null): string | null {
  const url = object?.spec?.['url'];
  return typeof url === 'string' ? url : null;
}

function pathOf({ spec }: LiveObject): string {
  return plainPath(String(spec?.['path'] ?? ''));
}

function sourceOf({ spec }: LiveObject): string {
  return String((spec?.['sourceRef'] as { name?: string } | undefined)?.name ?? '');
}

function plainPath(path: string): string {
  return path
    .replace(/^\.?\/+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}
