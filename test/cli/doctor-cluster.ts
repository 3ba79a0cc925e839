/** As much of an API server as `bootstrap --apply` and `doctor` ask: objects by path, served kinds, rights. */
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { temporaryFolder } from '../support/temp.ts';

interface StoredObject {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [part: string]: unknown;
}

export interface ScriptedCluster {
  readonly kubeconfig: string;
  /** By path, without `resourceVersion`, which the server adds. */
  readonly objects: Map<string, StoredObject>;
  /** `apps/v1` and the like to the names of resources. */
  readonly served: Map<string, readonly string[]>;
  minor: string;
  /** `patch secrets`: rights that nobody has. */
  readonly denied: Set<string>;
  /** Paths that answer 403. */
  readonly hidden: Set<string>;
  /** Who was impersonated. */
  readonly impersonated: Set<string>;
  /** What the next apply is answered with. */
  refusal: { readonly status: number; readonly message: string } | null;
  close(): Promise<void>;
}

export async function scriptedCluster(): Promise<ScriptedCluster> {
  const cluster: ScriptedCluster = {
    kubeconfig: join(await temporaryFolder('kubeconfig'), 'kubeconfig.yaml'),
    objects: new Map(),
    served: new Map(),
    minor: '34',
    denied: new Set(),
    hidden: new Set(),
    impersonated: new Set(),
    refusal: null,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const { status, body } = answerTo(cluster, request, JSON.parse(text || '{}'));
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  await writeFile(cluster.kubeconfig, kubeconfigOf((server.address() as AddressInfo).port));
  return cluster;
}

function kubeconfigOf(port: number): string {
  const address = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  return stringify({
    clusters: [{ name: 'test', cluster: address }],
    users: [{ name: 'test', user: { token: 'token-of-the-test-user' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function answerTo(cluster: ScriptedCluster, request: IncomingMessage, body: StoredObject): Answer {
  const { pathname } = new URL(request.url ?? '', 'http://localhost');
  if (pathname === '/version') return { status: 200, body: { major: '1', minor: cluster.minor } };
  if (pathname === '/apis') return { status: 200, body: { groups: groupsOf(cluster) } };
  if (request.method === 'POST') return review(cluster, request, body);
  if (request.method === 'PATCH') return apply(cluster, pathname, body);
  const found = cluster.objects.get(pathname);
  if (cluster.hidden.has(pathname)) return refused(403, 'forbidden');
  if (found) return { status: 200, body: found };
  return discovery(cluster, pathname) ?? list(cluster, pathname) ?? refused(404, 'not found');
}

function groupsOf({ served }: ScriptedCluster): readonly { readonly name: string }[] {
  return [...served.keys()].filter((one) => one.includes('/')).map((one) => ({ name: one.split('/')[0] ?? '' }));
}

function discovery({ served }: ScriptedCluster, path: string): Answer | null {
  const resources = served.get(path.replace(/^\/apis?\//, ''));
  return resources ? { status: 200, body: { resources: resources.map((name) => ({ name })) } } : null;
}

function list({ objects, served }: ScriptedCluster, path: string): Answer | null {
  const [, groupVersion = '', resource = ''] = /^\/apis?\/(.+)\/namespaces\/[^/]+\/([^/]+)$/.exec(path) ?? [];
  if (!served.get(groupVersion)?.includes(resource)) return null;
  const items = [...objects].filter(([one]) => one.startsWith(`${path}/`)).map(([, object]) => object);
  return { status: 200, body: { items } };
}

function review(cluster: ScriptedCluster, request: IncomingMessage, body: Readonly<Record<string, unknown>>): Answer {
  const { resourceAttributes } = body['spec'] as { resourceAttributes: Record<string, string> };
  const user = request.headers['impersonate-user'];
  if (typeof user === 'string') cluster.impersonated.add(user);
  const { verb, resource, subresource } = resourceAttributes;
  const right = `${verb} ${resource}${subresource ? `/${subresource}` : ''}`;
  return { status: 201, body: { status: { allowed: !cluster.denied.has(right) } } };
}

function apply(cluster: ScriptedCluster, path: string, object: StoredObject): Answer {
  if (cluster.refusal) return refused(cluster.refusal.status, cluster.refusal.message);
  const before = cluster.objects.get(path);
  const versioned = (version: number) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(version) },
  });
  const version = Number(before?.metadata?.['resourceVersion'] ?? 0);
  const isSame = JSON.stringify(before) === JSON.stringify(versioned(version));
  const after = versioned(isSame ? version : version + 1);
  cluster.objects.set(path, after);
  return { status: before ? 200 : 201, body: after };
}

function refused(status: number, message: string): Answer {
  return { status, body: { kind: 'Status', message, code: status } };
}

async function textOf(request: IncomingMessage): Promise<string> {
  return (await request.setEncoding('utf8').toArray()).join('');
}
