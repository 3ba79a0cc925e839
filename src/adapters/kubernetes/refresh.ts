/** Asks an engine to look now, and ends an operation of Argo CD that stands in the way. Little patches, nothing else. */
import { sameRepository } from '../../core/repository-url.ts';
import { asTowpathError } from '../../domain/failure.ts';
import type { LiveObject } from '../../domain/live-object.ts';
import { repositoryUrls } from './detect.ts';
import type { EngineWatch } from './engine.ts';
import { itemsOf, type KubernetesHttp } from './http.ts';

const mergePatch = 'application/merge-patch+json';
const applicationsPath = (namespace: string): string =>
  `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/applications`;
const setsPath = (namespace: string): string => `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/applicationsets`;

interface RefreshWanted {
  readonly repositoryUrl: string;
  readonly folders: readonly string[];
  /** Those of them that the branch no longer has. */
  readonly gone: readonly string[];
  readonly watch: EngineWatch;
}

/**
 * The Applications that there are; and, only for what is new or removed, the ApplicationSets that make them: each request
 * of a set renders all of its Applications anew.
 */
export async function refreshArgoCd(
  http: KubernetesHttp,
  namespace: string,
  { repositoryUrl, folders, gone, watch }: RefreshWanted,
): Promise<string | null> {
  const found = folders.map((folder) => watch.objects(repositoryUrl, folder));
  const applications = found.flatMap((one) => (one.kind === 'argo-cd' && one.application ? [one.application] : []));
  const names = [...new Set(applications.map(({ metadata }) => metadata.name))];
  for (const name of names) {
    const annotations = { 'argocd.argoproj.io/refresh': 'normal' };
    await annotate(http, `${applicationsPath(namespace)}/${name}`, annotations, `refresh Application ${name}`);
  }
  // A folder that is gone still has its Application until the set has looked.
  if (applications.length === folders.length && gone.length === 0) return null;
  const sets = await setsOf(http, namespace, repositoryUrl);
  for (const name of sets) {
    const annotations = { 'argocd.argoproj.io/application-set-refresh': 'true' };
    await annotate(http, `${setsPath(namespace)}/${name}`, annotations, `refresh ApplicationSet ${name}`);
  }
  return names.length === 0 && sets.length === 0
    ? `no Application and no ApplicationSet in namespace ${namespace} reads ${repositoryUrl}`
    : null;
}

export async function refreshFlux(
  http: KubernetesHttp,
  repositories: readonly LiveObject[],
  now: Date,
): Promise<string | null> {
  for (const { metadata } of repositories) {
    const path = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${metadata.namespace}/gitrepositories/${metadata.name}`;
    const annotations = { 'reconcile.fluxcd.io/requestedAt': now.toISOString() };
    await annotate(http, path, annotations, `refresh GitRepository ${metadata.name}`);
  }
  return repositories.length === 0 ? 'there is no GitRepository of this repository' : null;
}

/** Only while it still is the operation that was looked at. */
export async function endOperation(http: KubernetesHttp, { metadata }: LiveObject): Promise<void> {
  const { name, namespace = '', resourceVersion } = metadata;
  await http
    .json({
      method: 'PATCH',
      path: `${applicationsPath(namespace)}/${name}`,
      type: mergePatch,
      body: { metadata: { resourceVersion }, status: { operationState: { phase: 'Terminating' } } },
      purpose: `end the operation of Application ${name}`,
    })
    .catch(unless('ClusterConflict', 'ClusterNotFound'));
}

async function annotate(
  http: KubernetesHttp,
  path: string,
  annotations: Readonly<Record<string, string>>,
  purpose: string,
): Promise<void> {
  const body = { metadata: { annotations } };
  await http.json({ method: 'PATCH', path, type: mergePatch, body, purpose }).catch(unless('ClusterNotFound'));
}

function unless(...reasons: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (!reasons.includes(asTowpathError(error)?.reason ?? '')) throw error;
  };
}

interface ApplicationSet {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly generators?: readonly unknown[] };
}

async function setsOf(http: KubernetesHttp, namespace: string, repositoryUrl: string): Promise<readonly string[]> {
  const purpose = `list applicationsets in namespace ${namespace}`;
  const answer = await http.json({ method: 'GET', path: setsPath(namespace), purpose });
  return itemsOf<ApplicationSet>(answer)
    .filter(({ spec }) => repositoryUrls(spec.generators).some((url) => sameRepository(url, repositoryUrl)))
    .map(({ metadata }) => metadata.name);
}
