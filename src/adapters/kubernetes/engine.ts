/** The engine's objects in its own namespace: one watch for all namespaces that the listener serves, found by repository and folder. */
import { sameRepository } from '../../core/repository-url.ts';
import type { EngineObjects, LiveObject } from '../../domain/live-object.ts';
import { folderIndex, plainPath } from './folders.ts';
import { keepApplication, keepWhole } from './keep.ts';
import { type Reflector, type ReflectorOptions, startReflector } from './reflector.ts';

type Shared = Omit<ReflectorOptions, 'collection' | 'onChange'>;

/** Tells each namespace of a change: which folder of which repository. */
type EngineListener = (change: { readonly folder: string | null; readonly repository: string | null }) => void;

export interface EngineWatch {
  readonly reflectors: readonly Reflector[];
  objects(repository: string, folder: string): EngineObjects;
  /** Flux's GitRepositories of a repository; Argo CD has none. */
  gitRepositories(repository: string): readonly LiveObject[];
}

export function watchArgoCd(shared: Shared, namespace: string, tell: EngineListener): EngineWatch {
  const index = folderIndex((object) => sourcesOf(object).map(({ folder }) => folder));
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
      index.note(before, after);
      for (const source of concerned(before, after)) tell(source);
    },
  });
  const find = (repository: string, folder: string): LiveObject | null => {
    for (const object of index.reading(folder)) {
      const isOurs = (source: Source): boolean =>
        isAbove(source.folder, folder) && sameRepository(source.repository, repository);
      if (sourcesOf(object).some(isOurs)) return object;
    }
    return null;
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

/** What it read before, too: an Application that was moved is missing there. */
function concerned(before: LiveObject | null, after: LiveObject | null): Iterable<Source> {
  const sources = [before, after].flatMap((object) => (object ? sourcesOf(object) : []));
  return new Map(sources.map((source) => [`${source.repository} ${source.folder}`, source])).values();
}

interface Source {
  readonly repository: string;
  readonly folder: string;
}

/** A source of a chart, or of values for another one, has no path. */
function sourcesOf({ spec }: LiveObject): readonly Source[] {
  const { source, sources } = (spec ?? {}) as { source?: ArgoSource; sources?: readonly ArgoSource[] };
  return [...(sources ?? []), ...(source ? [source] : [])].flatMap(({ repoURL = '', path, chart, ref }) =>
    path === undefined && (chart || ref) ? [] : [{ repository: repoURL, folder: plainPath(path ?? '') }],
  );
}

interface ArgoSource {
  readonly repoURL?: string;
  readonly path?: string;
  readonly chart?: string;
  readonly ref?: string;
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
    onChange: (before, after) => {
      for (const repository of new Set([urlOf(before), urlOf(after)])) {
        if (repository !== null) tell({ repository, folder: null });
      }
    },
  });
  const index = folderIndex((object) => [pathOf(object)]);
  const kustomizations = startReflector({
    ...shared,
    collection: collection('kustomize.toolkit.fluxcd.io', 'kustomizations', 'Kustomization'),
    onChange: (before, after) => {
      index.note(before, after);
      const paths = [before, after].flatMap((object) => (object ? [pathOf(object)] : []));
      for (const folder of new Set(paths)) tell({ repository: null, folder });
    },
  });
  const gitRepositories = (repository: string): readonly LiveObject[] =>
    [...repositories.objects.values()].filter((object) => sameRepository(urlOf(object) ?? '', repository));
  return {
    reflectors: [repositories, kustomizations],
    objects: (repository, folder) => {
      const candidates = gitRepositories(repository);
      for (const kustomization of index.reading(folder)) {
        const gitRepository = candidates.find((one) => isSource(one, kustomization));
        if (gitRepository) return { kind: 'flux', kustomization, gitRepository };
      }
      return { kind: 'flux', kustomization: null, gitRepository: candidates[0] ?? null };
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

/** A reference may lack the namespace that it means, and its kind may be another one of the same name. */
function isSource({ kind, metadata }: LiveObject, kustomization: LiveObject): boolean {
  const reference = kustomization.spec?.['sourceRef'] as
    | { kind?: string; name?: string; namespace?: string }
    | undefined;
  const namespace = reference?.namespace ?? kustomization.metadata.namespace;
  return reference?.kind === kind && reference.name === metadata.name && namespace === metadata.namespace;
}
