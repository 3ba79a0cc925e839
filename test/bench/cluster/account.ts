/** An account for a listener: a real token, and just the rights that a listener must have. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { servedNamespaceAccess } from '../../../src/core/required-access.ts';
import { kubeconfigOf } from '../../e2e/harness/certificates.ts';
import type { World } from './world.ts';

const name = 'towpath-listener';

/** Answers a kubeconfig as text. It may not ask servers for their `/ok`: where KWOK stands in for kubelets, none answers. */
export async function accountKubeconfig({ client, cluster }: World, namespace: string): Promise<string> {
  const metadata = { name, namespace };
  const group = 'rbac.authorization.k8s.io';
  const wanted = servedNamespaceAccess.filter(({ resources }) => !resources.includes('services/proxy'));
  const rules = wanted.map(({ group: apiGroup, resources, verbs }) => ({ apiGroups: [apiGroup], resources, verbs }));
  await client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await client.apply({ apiVersion: `${group}/v1`, kind: 'Role', metadata, rules });
  const roleRef = { apiGroup: group, kind: 'Role', name };
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  await client.apply({ apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects });
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const spec = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7_200 } };
  const { status } = (await client.request('POST', path, spec)) as { status: { token: string } };
  const [one] = (parse(readFileSync(cluster.kubeconfig, 'utf8')) as Config).clusters;
  if (one === undefined) throw new Error(`Cannot read ${cluster.kubeconfig}: it names no cluster`);
  const { server, 'certificate-authority-data': ca } = one.cluster;
  return kubeconfigOf(server, Buffer.from(ca, 'base64').toString('utf8'), { token: status.token });
}

interface Config {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
}
