/** The cluster of the bench: its own, in a process of its own, or the one that TOWPATH_E2E_CLUSTER names. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createRepository } from '../../../src/adapters/git-http/repositories.ts';
import { type KubernetesHttp, openKubernetes } from '../../../src/adapters/kubernetes/http.ts';
import { noTelemetry } from '../../../src/adapters/telemetry/none.ts';
import type { ClusterDescription } from '../../e2e/harness/description.ts';
import { eventually } from '../../e2e/harness/eventually.ts';
import { type Kubernetes, kubernetes, reference } from '../../e2e/harness/kubernetes.ts';
import { type TestRepository, testRepository } from '../../support/test-repository.ts';
import { progress } from '../section.ts';
import { compileTowpath } from './towpath.ts';

export interface World {
  readonly cluster: ClusterDescription;
  readonly client: Kubernetes;
  /** Keeps its connections: for whatever is timed, or done a thousand times. */
  readonly http: KubernetesHttp;
  readonly folder: string;
  /** `towpath.cjs`, compiled as it is published. */
  readonly towpath: string;
  /** Done at the end, the last one first. */
  atEnd(end: () => unknown): void;
}

export async function openWorld(stack: AsyncDisposableStack): Promise<World> {
  const atEnd = (end: () => unknown): void => stack.defer(async () => void (await end()));
  const folder = mkdtempSync(join(tmpdir(), 'towpath-bench-cluster-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const towpath = await compileTowpath(join(folder, 'package'));
  const file = process.env['TOWPATH_E2E_CLUSTER'] ?? (await startHarness(atEnd));
  const cluster = JSON.parse(readFileSync(file, 'utf8')) as ClusterDescription;
  const http = openKubernetes({ kubeconfig: cluster.kubeconfig }, noTelemetry);
  atEnd(() => http.close());
  return { cluster, client: kubernetes(readFileSync(cluster.kubeconfig, 'utf8')), http, folder, towpath, atEnd };
}

/** A namespace with a repository of the same name. */
export async function makePlace({ cluster, client, atEnd }: World, prefix: string): Promise<TestRepository> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  atEnd(() => client.delete(reference('v1', 'Namespace', name)));
  await eventually(`the default service account of ${name}`, () =>
    client.find('v1', 'ServiceAccount', 'default', name),
  );
  return testRepository(name, await createRepository(cluster.git.root, name), `${cluster.git.url}/${name}.git`);
}

/** Answers where its description is. */
async function startHarness(atEnd: World['atEnd']): Promise<string> {
  const program = resolve(import.meta.dirname, '../../e2e/harness/main.ts');
  const child = spawn(process.execPath, [program, 'up'], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(async () => {
    if (child.exitCode !== null || !child.kill('SIGTERM')) return;
    await once(child, 'exit');
  });
  const file = Promise.withResolvers<string>();
  child.once('exit', (code) => file.reject(new Error(`Cannot start the cluster: the harness ended with ${code}`)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const found = /^export TOWPATH_E2E_CLUSTER=(.+)$/.exec(line)?.[1];
    if (found !== undefined) file.resolve(found);
    else if (/ready|build/i.test(line)) progress(line);
  });
  return file.promise;
}
