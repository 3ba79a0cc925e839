/** Questions that are asked now and then, not watched: events, what is left of a deployment, whether a server answers. */
import type { DeploymentId } from '../../domain/identifiers.ts';
import { type LiveObject, type ObjectReference, ownLabels, type ProbeAnswer } from '../../domain/live-object.ts';
import { refusalOf, wordsOf } from './failure.ts';
import { itemsOf, type KubernetesHttp, metadataOnly } from './http.ts';
import {
  collectionPath,
  type Discovery,
  type RemovableKinds,
  removableResources,
  type ServedResource,
} from './served.ts';

const probeMs = 3_000;
/** Of a deployment’s own answer, which may say what it likes for as long as it likes. */
const mostProbedBytes = 65_536;
const mostPuzzling = 5;
const mostEvents = 20;

export async function readEvents(
  http: KubernetesHttp,
  namespace: string,
  about: readonly LiveObject[],
): Promise<readonly LiveObject[]> {
  const lists = await Promise.all(about.slice(0, mostPuzzling).map((object) => eventsOf(http, namespace, object)));
  return lists
    .flat()
    .filter((event) => event.type !== 'Normal')
    .sort((one, other) => timeOf(other).localeCompare(timeOf(one)))
    .slice(0, mostEvents);
}

interface Event extends LiveObject {
  readonly type?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

async function eventsOf(http: KubernetesHttp, namespace: string, { metadata }: LiveObject): Promise<readonly Event[]> {
  const query = new URLSearchParams({ fieldSelector: `involvedObject.uid=${metadata.uid}`, limit: '50' });
  const path = `/api/v1/namespaces/${namespace}/events?${query}`;
  const { status, text } = await http.answer({ method: 'GET', path, purpose: `list events in namespace ${namespace}` });
  // Optional: without them the explanation only says less.
  return status === 200 ? itemsOf<Event>(JSON.parse(text)) : [];
}

function timeOf({ lastTimestamp, eventTime, metadata }: Event): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}

export interface Place {
  readonly http: KubernetesHttp;
  readonly discovery: Discovery;
  readonly namespace: string;
}

export async function remainingObjects(
  place: Place & RemovableKinds,
  id: DeploymentId,
): Promise<readonly ObjectReference[]> {
  const resources = await removableResources(place.discovery, place);
  const lists = await Promise.all(resources.map((resource) => listByLabel(place, resource, id)));
  return lists.flat();
}

/** Names only: nobody reads what is in them. */
async function listByLabel(
  { http, discovery, namespace }: Place,
  resource: ServedResource,
  id: DeploymentId,
): Promise<readonly ObjectReference[]> {
  const name = resource.group === '' ? resource.name : `${resource.name}.${resource.group}`;
  const query = new URLSearchParams({ labelSelector: `${ownLabels.deployment}=${id}`, limit: '50' });
  const { status, text } = await http.answer({
    method: 'GET',
    path: `${collectionPath(resource, namespace)}?${query}`,
    accept: metadataOnly,
    purpose: `list ${name} in namespace ${namespace}`,
  });
  // Its CRD was removed meanwhile.
  if (status === 404) discovery.forget();
  if (status === 404) return [];
  if (status !== 200)
    throw refusalOf(http.server, `list ${name} in namespace ${namespace}`, { status, text, headers: {} });
  return itemsOf<LiveObject>(JSON.parse(text)).map(({ metadata }) => ({
    resource: name,
    name: metadata.name,
    isDeleting: metadata.deletionTimestamp !== undefined,
  }));
}

/** Through the API server, as a person would by `kubectl get --raw`; port 8000 is the server's. */
export async function probeService(
  http: KubernetesHttp,
  namespace: string,
  service: string,
  path: string,
): Promise<ProbeAnswer> {
  const signal = AbortSignal.timeout(probeMs);
  try {
    const { status, text } = await http.answer({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/services/${service}:8000/proxy${path}`,
      mostBytes: mostProbedBytes,
      signal,
      purpose: `ask Service ${service} in namespace ${namespace}`,
    });
    if (status === 403 && isStatus(text)) return { kind: 'forbidden' };
    if (isStatus(text)) return { kind: 'failed', message: wordsOf(text) || `it answers ${status}` };
    return { kind: 'answered', status };
  } catch (error) {
    if (signal.aborted) return { kind: 'failed', message: `it does not answer within ${probeMs / 1000} s` };
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/** The API server's own words, where the server behind the Service did not answer. */
function isStatus(text: string): boolean {
  return /"kind":\s*"Status"/.test(text);
}
