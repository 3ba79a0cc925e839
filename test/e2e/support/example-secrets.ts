/** Where secret values may be, and where not: what pods would read, and what the history of a repository tells. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { nativeGit } from '../../support/native-git.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { type TestRepository, testRepository } from '../../support/test-repository.ts';
import { administrator } from '../harness/fixtures.ts';
import type { KubernetesObject } from '../harness/kubernetes.ts';

interface Pod extends KubernetesObject {
  readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] };
}

interface Container {
  readonly env?: readonly {
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
  }[];
  readonly envFrom?: readonly { readonly secretRef?: { readonly name: string } }[];
}

interface Secret extends KubernetesObject {
  readonly data: Readonly<Record<string, string>>;
}

/** The values that a deployment's pods refer to. Throws where a kubelet would not start them: a Secret or key is missing. */
export async function secretsOfPods(namespace: string, id: string): Promise<Readonly<Record<string, string>>> {
  const client = administrator();
  const labels = `towpath.dev/deployment-id=${id}`;
  const pods = await client.list<Pod>('v1', 'Pod', { namespace, labels });
  const containers = pods.flatMap(({ spec }) => [...spec.containers, ...(spec.initContainers ?? [])]);
  const references = containers.flatMap(({ env = [], envFrom = [] }) => [
    ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []),
    ...envFrom.flatMap(({ secretRef }) => (secretRef ? { name: secretRef.name, key: null } : [])),
  ]);
  const found: Record<string, string> = {};
  for (const { name, key } of references) {
    const { data } = await client.read<Secret>('v1', 'Secret', name, namespace);
    if (key !== null && data[key] === undefined) throw new Error(`Secret ${name} has no ${key}`);
    for (const each of key === null ? Object.keys(data) : [key]) {
      found[each] = Buffer.from(data[each] ?? '', 'base64').toString('utf8');
    }
  }
  return found;
}

/** No value in any commit of any branch, and no Secret at its head whose values are not encrypted. */
export async function expectNothingSecretIn(repository: TestRepository, value: string): Promise<void> {
  const history = await repository.git('log', '--all', '--patch', '--format=%B');
  expect(history).toContain('kind: Deployment');
  expect(history).not.toContain(value);
  expect(history).not.toContain(Buffer.from(value).toString('base64'));
  const texts = Object.entries(await repository.tree()).filter(([path]) => path.endsWith('.yaml'));
  const objects = texts.flatMap(([, text]) => parseAllDocuments(text).map((document) => document.toJS()));
  const secrets = objects.filter(({ kind }) => kind === 'Secret');
  for (const { data, stringData } of secrets) {
    expect(stringData).toBeUndefined();
    for (const sealed of Object.values(data)) expect(sealed).toMatch(/^ENC\[AES256_GCM,/);
  }
}

/** All of a repository that is served elsewhere. */
export async function cloneOf(url: string): Promise<TestRepository> {
  const path = join(await temporaryFolder('clone'), 'clone.git');
  await nativeGit(['clone', '--quiet', '--mirror', url, path]);
  return testRepository('clone', path, url);
}
