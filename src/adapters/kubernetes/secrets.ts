/** Secrets of the mode `cluster`: applied, listed without their values, collected. */
import { quotesSecret } from '../../core/secrets/planted-secrets.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import type { DeploymentId } from '../../domain/identifiers.ts';
import { type LiveSecret, ownLabels } from '../../domain/live-object.ts';
import type { PlainSecret } from '../../ports.ts';
import { itemsOf, type KubernetesHttp, metadataOnly } from './http.ts';
import type { Place } from './looks.ts';
import { collectionPath } from './served.ts';

const secretsPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;

export async function applySecret(
  http: KubernetesHttp,
  { namespace, name, labels, values }: PlainSecret,
): Promise<void> {
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    // Where the mode becomes sealed-secrets one day, its controller takes over only what says that it may.
    metadata: { name, namespace, labels, annotations: { 'sealedsecrets.bitnami.com/managed': 'true' } },
    type: 'Opaque',
    // Its name is a digest of its values, and a running pod must find what it was started with.
    immutable: true,
    data,
  };
  const purpose = `apply Secret ${name} in namespace ${namespace}`;
  const path = `${secretsPath(namespace)}/${name}?fieldManager=towpath&force=true&fieldValidation=Strict`;
  try {
    await http.json({ method: 'PATCH', path, body, type: 'application/apply-patch+yaml', purpose });
  } catch (error) {
    throw otherContent(error, purpose, name) ?? withoutValues(error, purpose, values);
  }
}

function otherContent(error: unknown, purpose: string, name: string): TowpathError | null {
  if (asTowpathError(error)?.reason !== 'ClusterInvalid' || !/immutable/.test((error as Error).message)) return null;
  const message =
    `Cannot ${purpose}: it is there with other values, and it is immutable; ` +
    `if nobody else needs it, delete it ("kubectl delete secret ${name}") and it is made again`;
  // The server's words are left out: they may quote values.
  return new TowpathError('terminal', 'SecretDiffers', message);
}

/** Shorter ones are in any text, by chance. */
const shortestValue = 4;

/** An admission webhook may quote what was sent. */
function withoutValues(error: unknown, purpose: string, values: Readonly<Record<string, string>>): unknown {
  const found = asTowpathError(error);
  if (!found) return error;
  const short = Object.values(values).filter((value) => value.length >= shortestValue);
  const isQuoted = short.some((value) =>
    [value, Buffer.from(value).toString('base64')].some((form) => found.message.includes(form)),
  );
  if (!isQuoted && !quotesSecret(found.message, values)) return error;
  const message = `Cannot ${purpose}: the API server refuses it, in words that quote a value and are left out here`;
  return new TowpathError(found.kind, found.reason, message);
}

export async function listSecrets(
  http: KubernetesHttp,
  namespace: string,
  listenerId: string,
): Promise<readonly LiveSecret[]> {
  const found: LiveSecret[] = [];
  const purpose = `list secrets in namespace ${namespace}`;
  for await (const { metadata } of pages(http, secretsPath(namespace), listenerId, purpose, metadataOnly)) {
    const deploymentId = metadata.labels?.[ownLabels.deployment];
    if (deploymentId === undefined || metadata.deletionTimestamp !== undefined) continue;
    const createdAt = new Date(metadata.creationTimestamp ?? 0);
    found.push({ name: metadata.name, deploymentId: deploymentId as DeploymentId, createdAt });
  }
  return found;
}

/** Whatever starts pods, and pods. */
const referring: Readonly<Record<string, readonly string[]>> = {
  '': ['pods'],
  apps: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'],
  batch: ['jobs', 'cronjobs'],
  'apps.langchain.ai': ['lgps'],
};

/** ReplicaSets stand for all revisions that may start pods again; a pod may outlive what it was made from. */
export async function referredSecrets({
  http,
  discovery,
  namespace,
  listenerId,
}: Place & { readonly listenerId: string }): Promise<ReadonlySet<string>> {
  const groups = await Promise.all(Object.keys(referring).map((group) => discovery.group(group)));
  const served = groups.flatMap((group) => group ?? []);
  const names = new Set<string>();
  for (const resource of served.filter(({ group, name }) => referring[group]?.includes(name))) {
    const purpose = `list ${resource.name} in namespace ${namespace}`;
    const path = collectionPath(resource, namespace);
    for await (const object of pages(http, path, listenerId, purpose)) collectNames(object.spec, names);
  }
  return names;
}

export async function deleteSecret(http: KubernetesHttp, namespace: string, name: string): Promise<void> {
  const purpose = `delete Secret ${name} in namespace ${namespace}`;
  await http.json({ method: 'DELETE', path: `${secretsPath(namespace)}/${name}`, purpose }).catch((error: unknown) => {
    if (asTowpathError(error)?.reason !== 'ClusterNotFound') throw error;
  });
}

interface Item {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: unknown;
}

async function* pages(
  http: KubernetesHttp,
  path: string,
  listenerId: string,
  purpose: string,
  accept?: string,
): AsyncIterable<Item> {
  for (let next = ''; ; ) {
    const query = new URLSearchParams({ labelSelector: `${ownLabels.listener}=${listenerId}`, limit: '250' });
    if (next !== '') query.set('continue', next);
    const call = {
      method: 'GET',
      path: `${path}?${query}`,
      purpose,
      ...(accept === undefined ? {} : { accept }),
    } as const;
    const page = (await http.json(call)) as { metadata: { continue?: string } };
    yield* itemsOf<Item>(page);
    next = page.metadata.continue ?? '';
    if (next === '') return;
  }
}

/** By the names of the fields that refer to a Secret, wherever in a pod template they stand. */
function collectNames(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collectNames(one, names);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (/^secretName$/i.test(key) && typeof inner === 'string') names.add(inner);
    // `secretKeyRef`, `secretRef`, a driver's `nodePublishSecretRef`, `secret` of a projection, `imagePullSecrets`.
    if (/^secret$|Secret(?:Key)?Refs?$|^secret(?:Key)?Refs?$|Secrets$/.test(key)) {
      for (const one of [inner].flat()) addName(one, names);
    }
    collectNames(inner, names);
  }
}

function addName(reference: unknown, names: Set<string>): void {
  const { name } = (reference ?? {}) as { readonly name?: unknown };
  if (typeof name === 'string') names.add(name);
}
