/** The engine's half of the memory cluster: which object reads which folder, and who is asked to look. */
import { sameRepository } from '../../src/core/repository-url.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type ClusterChange, type EngineObjects, type LiveObject, ownLabels } from '../../src/domain/live-object.ts';
import type { MemoryClusterOptions } from './memory-cluster-options.ts';

export function* changesOf(
  { repositoryUrl }: MemoryClusterOptions,
  isOurs: (object: LiveObject) => boolean,
  before: LiveObject | null,
  after: LiveObject | null,
): Iterable<ClusterChange> {
  const both = [before, after].flatMap((object) => object ?? []);
  for (const object of both.filter(isOurs)) {
    const deploymentId = object.metadata.labels?.[ownLabels.deployment];
    if (deploymentId !== undefined) yield { kind: 'deployment', deploymentId: deploymentId as DeploymentId };
  }
  for (const object of both) {
    if (object.kind === 'GitRepository' && sameRepository(String(object.spec?.['url']), repositoryUrl)) yield all;
    for (const { repository, path } of readsOf(object)) {
      if (repository !== null && !sameRepository(repository, repositoryUrl)) continue;
      yield path.startsWith('deployments/') ? { kind: 'folder', path } : all;
    }
  }
}

const all = { kind: 'all' } as const;

interface Read {
  /** Null: only its source tells. */
  readonly repository: string | null;
  readonly path: string;
}

/** What an engine's object reads. */
function readsOf({ kind, spec = {} }: LiveObject): readonly Read[] {
  if (kind === 'Kustomization') return [{ repository: null, path: plainPath(spec['path']) }];
  if (kind !== 'Application') return [];
  const { source, sources = [] } = spec as { source?: ArgoSource; sources?: readonly ArgoSource[] };
  return [...sources, ...(source ? [source] : [])].flatMap(({ repoURL, path, chart }) =>
    chart === undefined ? [{ repository: repoURL, path: plainPath(path) }] : [],
  );
}

interface ArgoSource {
  readonly repoURL: string;
  readonly path?: string;
  readonly chart?: string;
}

function plainPath(path: unknown): string {
  return String(path ?? '')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

export function engineObjects(
  { engine, repositoryUrl, engineNamespace }: MemoryClusterOptions,
  objects: readonly LiveObject[],
  folder: string,
): EngineObjects {
  const there = objects.filter(({ metadata }) => metadata.namespace === engineNamespace);
  const isAbove = (path: string): boolean => path === '' || path === folder || folder.startsWith(`${path}/`);
  const reading = (kind: string, isRight: (object: LiveObject, read: Read) => boolean): LiveObject | null => {
    const found = there
      .filter((object) => object.kind === kind)
      .flatMap((object) => readsOf(object).map((read) => ({ object, read })))
      .filter(({ object, read }) => isAbove(read.path) && isRight(object, read));
    return found.sort((one, other) => other.read.path.length - one.read.path.length)[0]?.object ?? null;
  };
  if (engine === 'argo-cd') {
    const application = reading('Application', (_, read) => sameRepository(read.repository ?? '', repositoryUrl));
    return { kind: engine, application };
  }
  if (engine === 'other') return { kind: engine };
  const sources = there.filter(
    ({ kind, spec }) => kind === 'GitRepository' && sameRepository(String(spec?.['url']), repositoryUrl),
  );
  const sourceOf = ({ spec }: LiveObject): LiveObject | undefined =>
    sources.find(({ metadata }) => metadata.name === (spec?.['sourceRef'] as { name?: string } | undefined)?.name);
  const kustomization = reading('Kustomization', (object) => sourceOf(object) !== undefined);
  const gitRepository = (kustomization && sourceOf(kustomization)) ?? sources[0] ?? null;
  return { kind: engine, kustomization, gitRepository };
}

export function askEngine(
  options: MemoryClusterOptions,
  folders: readonly string[],
  gone: readonly string[],
): string | null {
  const { kubernetes, engine, repositoryUrl, engineNamespace } = options;
  const objects = kubernetes.all().filter(({ metadata }) => metadata.namespace === engineNamespace);
  const annotate = ({ apiVersion, kind, metadata: { name, namespace = '' } }: LiveObject, key: string, value: string) =>
    kubernetes.patch(
      { apiVersion, kind, metadata: { name, namespace } },
      { metadata: { annotations: { [key]: value } } },
    );
  const found = folders.map((folder) => engineObjects(options, objects, folder));
  const applications = found.flatMap((one) => (one.kind === 'argo-cd' && one.application ? [one.application] : []));
  const isKept = applications.length === folders.length && gone.length === 0;
  const sets = objects.filter(
    ({ kind, spec }) =>
      !isKept && kind === 'ApplicationSet' && generatorUrls(spec).some((url) => sameRepository(url, repositoryUrl)),
  );
  const sources = found.flatMap((one) => (one.kind === 'flux' && one.gitRepository ? [one.gitRepository] : []));
  for (const one of applications) annotate(one, 'argocd.argoproj.io/refresh', 'normal');
  if (engine === 'argo-cd') for (const one of sets) annotate(one, 'argocd.argoproj.io/application-set-refresh', 'true');
  for (const one of sources) annotate(one, 'reconcile.fluxcd.io/requestedAt', new Date().toISOString());
  const asked = applications.length + sources.length + (engine === 'argo-cd' ? sets.length : 0);
  if (engine === 'flux' && asked === 0) return 'there is no GitRepository of this repository';
  return asked > 0 ? null : `nobody is known who reads ${repositoryUrl}`;
}

function generatorUrls(spec: LiveObject['spec']): readonly string[] {
  const { generators = [] } = (spec ?? {}) as { generators?: readonly { git?: { repoURL: string } }[] };
  return generators.flatMap(({ git }) => git?.repoURL ?? []);
}
