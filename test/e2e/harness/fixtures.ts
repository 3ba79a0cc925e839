/** What a test file needs of the cluster: namespaces, repositories and service accounts, and patience. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, inject } from 'vitest';
import { parse } from 'yaml';
import { createRepository } from '../../../src/adapters/git-http/repositories.ts';
import { type TestRepository, testRepository } from '../../support/test-repository.ts';
import { kubeconfigOf } from './certificates.ts';
import { eventually } from './eventually.ts';
import { type Kubernetes, kubernetes, reference } from './kubernetes.ts';

export { eventually };

const namespaces: string[] = [];

afterAll(async () => {
  const client = administrator();
  // Not waited for: it takes ten seconds, and nobody else uses these names.
  await Promise.all(namespaces.splice(0).map((name) => client.delete(reference('v1', 'Namespace', name))));
});

/** The cluster's administrator. */
export function administrator(): Kubernetes {
  return kubernetes(readFileSync(inject('cluster').kubeconfig, 'utf8'));
}

/** A namespace with a name of its own; deleted after the last test of the file. */
export async function makeNamespace(prefix = 'test'): Promise<string> {
  const client = administrator();
  const name = uniqueName(prefix);
  namespaces.push(name);
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  // Pods are refused until it is there.
  await eventually(`the default service account of ${name}`, () =>
    client.find('v1', 'ServiceAccount', 'default', name),
  );
  return name;
}

/** An empty repository on the git server; its `url` needs the user and the password of `inject('cluster').git`. */
export async function makeRepository(prefix = 'test'): Promise<TestRepository> {
  const { git } = inject('cluster');
  const name = uniqueName(prefix);
  return testRepository(name, await createRepository(git.root, name), `${git.url}/${name}.git`);
}

/** A kubeconfig, as text, with a real token of a service account: it may do what RBAC lets it do. */
export async function serviceAccountKubeconfig(name: string, namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const spec = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } };
  const { status } = (await administrator().request('POST', path, spec)) as { status: { token: string } };
  const { server, ca } = serverOf(inject('cluster').kubeconfig);
  return kubeconfigOf(server, ca, { token: status.token });
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}

function serverOf(kubeconfigPath: string): { readonly server: string; readonly ca: string } {
  const config = parse(readFileSync(kubeconfigPath, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  };
  const cluster = config.clusters[0]?.cluster;
  if (!cluster) throw new Error(`Cannot read ${kubeconfigPath}: it names no cluster`);
  return { server: cluster.server, ca: Buffer.from(cluster['certificate-authority-data'], 'base64').toString('utf8') };
}
