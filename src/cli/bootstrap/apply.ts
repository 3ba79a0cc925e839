/** Brings objects into a cluster by server-side apply, one after the other, and tells what each of them became. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { wordsOf } from '../../adapters/kubernetes/failure.ts';
import {
  bodyOf,
  type KubernetesAnswer,
  type KubernetesCall,
  type KubernetesHttp,
} from '../../adapters/kubernetes/http.ts';
import { resourceOf } from '../../core/bootstrap/kinds.ts';
import { type BootstrapObject, describeObject } from '../../core/bootstrap/object.ts';
import { TowpathError } from '../../domain/failure.ts';

interface Applied {
  readonly object: BootstrapObject;
  readonly change: 'created' | 'changed' | 'unchanged';
}

/** Stops at the first refusal: what comes later mostly needs what came before. */
export async function* applyObjects(
  cluster: Pick<KubernetesHttp, 'answer' | 'server'>,
  objects: readonly BootstrapObject[],
  options: { readonly force: boolean },
): AsyncGenerator<Applied> {
  for (const object of objects) {
    const path = objectPath(object);
    const before = await cluster.answer({ method: 'GET', path, purpose: `read ${describeObject(object)}` });
    const after = await cluster.answer(applyCall(path, object, options));
    if (after.status >= 300) throw refusal(cluster.server, object, after);
    yield { object, change: changeOf(before, after) };
  }
}

/** `/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/towpath-team-a` */
function objectPath({ apiVersion, kind, metadata }: Pick<BootstrapObject, 'apiVersion' | 'kind' | 'metadata'>): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}/namespaces/${metadata.namespace}/${resourceOf({ group: '', kind })}/${metadata.name}`;
}

/** Server-side apply with strict validation; `force` takes fields from other managers. */
function applyCall(path: string, object: BootstrapObject, { force }: { readonly force: boolean }): KubernetesCall {
  return {
    method: 'PATCH',
    path: `${path}?fieldManager=towpath-bootstrap&fieldValidation=Strict&force=${force}`,
    body: object,
    type: 'application/apply-patch+yaml',
    purpose: `apply ${describeObject(object)}`,
  };
}

const Owned = z.looseObject({
  metadata: z.object({
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  status: z.unknown().optional(),
});

/** The engine may write its status at any moment: only what a person could have meant is compared. */
function changeOf(before: KubernetesAnswer, after: KubernetesAnswer): Applied['change'] {
  if (before.status === 404 || after.status === 201) return 'created';
  const [one, other] = [before, after].map((answer) => {
    const { status: _status, ...owned } = Owned.parse(bodyOf(answer));
    return owned;
  });
  return isDeepStrictEqual(one, other) ? 'unchanged' : 'changed';
}

function refusal(server: string, object: BootstrapObject, { status, text }: KubernetesAnswer): TowpathError {
  const said = wordsOf(text) || `it answered ${status}`;
  const message = `Cannot apply ${describeObject(object)} at ${server}: ${said}${adviceFor(status, object)}`;
  return new TowpathError('terminal', 'ApplyRefused', message);
}

function adviceFor(status: number, { kind, metadata }: BootstrapObject): string {
  if (status === 401 || status === 403) return '; use a kubeconfig that may write it, see --kubeconfig and --context';
  if (status === 404)
    return `; install the engine first: the cluster knows no ${kind}, or has no namespace ${metadata.namespace}`;
  if (status === 409) return '; --force-conflicts takes the fields over';
  return status === 400 || status === 422 ? '; is the engine too old for it?' : '';
}
