/** Which engine applies a repository, where the configuration leaves it open: whoever has an object for it. */
import { sameRepository } from '../../core/repository-url.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import type { EngineKind } from '../../domain/live-object.ts';
import { itemsOf, type KubernetesHttp } from './http.ts';
import type { Discovery } from './served.ts';

interface EngineQuestion {
  readonly http: KubernetesHttp;
  readonly discovery: Discovery;
  readonly repositoryUrl: string;
  /** For the message. */
  readonly namespace: string;
  readonly argoCdNamespace: string;
  readonly fluxNamespace: string;
}

/** Throws terminal `UnclearEngine` where both could be meant. */
export async function detectEngine(question: EngineQuestion): Promise<EngineKind> {
  const { discovery, namespace, repositoryUrl } = question;
  // Argo Rollouts and Argo Workflows serve this group as well.
  const hasArgoCd = await serves(discovery, 'argoproj.io', 'applications');
  const hasFlux = await serves(discovery, 'kustomize.toolkit.fluxcd.io', 'kustomizations');
  if (!hasArgoCd && !hasFlux) return 'other';
  if (hasArgoCd !== hasFlux) return hasArgoCd ? 'argo-cd' : 'flux';
  const [byArgoCd, byFlux] = await Promise.all([argoCdReads(question), fluxReads(question)]);
  if (byArgoCd !== byFlux) return byArgoCd ? 'argo-cd' : 'flux';
  const who = byArgoCd ? 'both Argo CD and Flux read' : 'neither Argo CD nor Flux has an object for';
  const message =
    `Cannot tell which engine applies namespace ${namespace}: ${who} ${repositoryUrl}; ` +
    `say engine: argo-cd or engine: flux under namespaces.${namespace}`;
  throw new TowpathError('terminal', 'UnclearEngine', message);
}

async function serves(discovery: Discovery, group: string, resource: string): Promise<boolean> {
  return ((await discovery.group(group)) ?? []).some(({ name }) => name === resource);
}

async function argoCdReads({ http, argoCdNamespace, repositoryUrl }: EngineQuestion): Promise<boolean> {
  const base = `/apis/argoproj.io/v1alpha1/namespaces/${argoCdNamespace}`;
  const sets = await urlsIn(http, `${base}/applicationsets`, `list applicationsets in namespace ${argoCdNamespace}`);
  if (sets.some((url) => sameRepository(url, repositoryUrl))) return true;
  const path = `${base}/applications`;
  const applications = await urlsIn(http, path, `list applications in namespace ${argoCdNamespace}`);
  return applications.some((url) => sameRepository(url, repositoryUrl));
}

async function fluxReads({ http, fluxNamespace, repositoryUrl }: EngineQuestion): Promise<boolean> {
  const path = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${fluxNamespace}/gitrepositories`;
  const urls = await urlsIn(http, path, `list gitrepositories in namespace ${fluxNamespace}`);
  return urls.some((url) => sameRepository(url, repositoryUrl));
}

/** Every field called `repoURL` or `url` of the objects' specs; what may not be read refers to nothing. */
async function urlsIn(http: KubernetesHttp, path: string, purpose: string): Promise<readonly string[]> {
  try {
    const items = itemsOf<{ spec?: unknown }>(await http.json({ method: 'GET', path, purpose }));
    return items.flatMap(({ spec }) => repositoryUrls(spec));
  } catch (error) {
    const reason = asTowpathError(error)?.reason;
    if (reason === 'ClusterForbidden' || reason === 'ClusterNotFound') return [];
    throw error;
  }
}

/** An ApplicationSet's generators hold generators: whatever is called so counts. */
export function repositoryUrls(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(repositoryUrls);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    (key === 'repoURL' || key === 'url') && typeof inner === 'string' ? [inner] : repositoryUrls(inner),
  );
}
