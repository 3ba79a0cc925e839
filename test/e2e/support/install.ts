/** What the tests of the install manifests ask of an API server, and how they compare manifests. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type PolicyRule, root } from '../../install/files.ts';
import { temporaryFolder } from '../../support/temp.ts';
import type { Kubernetes, KubernetesObject } from '../harness/kubernetes.ts';

export interface Role extends KubernetesObject {
  readonly rules: readonly PolicyRule[];
}
export interface Workload extends KubernetesObject {
  readonly spec: {
    readonly template: { readonly metadata: { readonly annotations?: Record<string, string> }; readonly spec: object };
  };
}

export const chart = join(root, 'templates/install/chart');
export const bases = join(root, 'templates/install/kustomize');

/** A copy of all bases with these files over them. */
export async function overlay(files: Readonly<Record<string, object>>): Promise<string> {
  const folder = await temporaryFolder('composed');
  cpSync(bases, folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  return folder;
}

/**
 * Every object is admitted, with strict fields, and none is stored. All of them are looked at in one namespace, since
 * those that manifests name need not exist. Answers their kinds.
 */
export async function dryRun(
  client: Kubernetes,
  objects: readonly KubernetesObject[],
  namespace: string,
): Promise<readonly string[]> {
  const kinds: string[] = [];
  for (const object of objects) {
    const { apiVersion, kind, metadata } = object;
    const root = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;
    const path = `${root}/namespaces/${namespace}/${await pluralOf(client, root, kind)}/${metadata.name}`;
    const query = 'dryRun=All&force=true&fieldManager=towpath-install-test&fieldValidation=Strict';
    const sent = { ...object, metadata: { ...metadata, namespace } };
    await client.request('PATCH', `${path}?${query}`, sent, 'application/apply-patch+yaml');
    kinds.push(`${apiVersion} ${kind}`);
  }
  return kinds;
}

/** One answer a verb. */
export async function mayDo(
  client: Kubernetes,
  account: string,
  namespace: string,
  { group, resources, verbs }: { group: string; resources: readonly string[]; verbs: readonly string[] },
): Promise<readonly boolean[]> {
  const ask = async (verb: string): Promise<boolean> => {
    const answers = await Promise.all(resources.map((resource) => review(verb, resource)));
    return answers.every(Boolean);
  };
  const review = async (verb: string, name: string): Promise<boolean> => {
    const [resource, subresource] = name.split('/');
    const resourceAttributes = { namespace, verb, group, resource, subresource };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: account, resourceAttributes },
    };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const { status } = (await client.request('POST', path, body)) as { status: { allowed: boolean } };
    return status.allowed;
  };
  return await Promise.all(verbs.map(ask));
}

/** Roles with the accounts that they are bound to, by namespace; names do not count. */
export function rightsIn(objects: readonly KubernetesObject[]) {
  return objects
    .filter((object): object is Role => object.kind === 'Role')
    .map(({ metadata, rules }) => ({
      namespace: metadata.namespace,
      rules,
      subjects: objects.find((object) => binds(object, metadata))?.['subjects'],
    }))
    .sort((one, other) => String(one.namespace).localeCompare(String(other.namespace)));
}

function binds(object: KubernetesObject, role: KubernetesObject['metadata']): boolean {
  const { kind, metadata } = object;
  const isThere = kind === 'RoleBinding' && metadata.namespace === role.namespace;
  return isThere && (object['roleRef'] as { name: string }).name === role.name;
}

/** A pod as the workload's controller would make it. */
export function podOf({ metadata, spec }: Workload): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name }, spec: spec.template.spec };
}

/** Without what only a release has (versions, who manages it, the configuration's checksum) or what kustomize hashes. */
export function sameForAll(object: KubernetesObject | undefined): unknown {
  const own = /^(?:app\.kubernetes\.io\/(?:version|managed-by)|helm\.sh\/chart|checksum\/config)$/;
  const text = JSON.stringify(object, (key, value: unknown) => (own.test(key) ? undefined : value));
  return JSON.parse(
    text.replace(/"towpath-listener-[a-z0-9]{10}"/g, '"towpath-listener"').replace(/,"annotations":\{\}/g, ''),
  );
}

async function pluralOf(client: Kubernetes, root: string, kind: string): Promise<string> {
  const { resources } = (await client.request('GET', root)) as { resources: { name: string; kind: string }[] };
  const found = resources.find((one) => one.kind === kind && !one.name.includes('/'));
  if (!found) throw new Error(`Cannot find ${kind} below ${root}: the cluster does not know it`);
  return found.name;
}
