/** Gives every test file the one cluster: a new one, one that `main.ts up` keeps running, or an existing one. */
import { existsSync, readFileSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { type RunningCluster, startCluster } from './cluster.ts';
import type { ClusterDescription } from './description.ts';
import { useExistingCluster } from './existing-cluster.ts';

let running: Pick<RunningCluster, 'stop'> | undefined;

export async function setup(project: TestProject): Promise<void> {
  try {
    project.provide('cluster', await findCluster((line) => console.log(line)));
  } catch (error) {
    console.error(error);
    // Whatever part of the cluster is still waited for would keep vitest alive for minutes.
    process.exit(1);
  }
}

export async function teardown(): Promise<void> {
  await running?.stop();
}

async function findCluster(say: (line: string) => void): Promise<ClusterDescription> {
  const { TOWPATH_E2E_CLUSTER: file, TOWPATH_E2E_EXISTING: existing } = process.env;
  if (file && !existsSync(file)) {
    throw new Error(
      `Cannot use the cluster of TOWPATH_E2E_CLUSTER: ${file} is gone, so it runs no more; unset the variable`,
    );
  }
  if (file) return JSON.parse(readFileSync(file, 'utf8')) as ClusterDescription;
  const cluster = existing === '1' ? await useExistingCluster(say) : await startCluster(say);
  running = cluster;
  return cluster.description;
}
