/** Flux's source-controller and kustomize-controller, out of the cluster, as its administrator. */
import { join } from 'node:path';
import { applyFolder, type Core } from './core.ts';
import { answers } from './http-answers.ts';
import { freePorts } from './ports.ts';
import type { Program } from './programs.ts';
import type { World } from './world.ts';

export const fluxNamespace = 'flux-system';

const common = ['--watch-all-namespaces', '--enable-leader-election=false', '--log-encoding=console'];

export async function startFlux(world: World, { kubeconfig, client }: Core): Promise<void> {
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: fluxNamespace } });
  await applyFolder(client, join(world.built.share, 'flux'));
  const environment = { KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: fluxNamespace };
  await Promise.all([
    world.programs.launch(await sourceController(world, environment)),
    world.programs.launch(await kustomizeController(world, environment)),
  ]);
}

async function sourceController(world: World, environment: Readonly<Record<string, string>>): Promise<Program> {
  const { artifacts, metrics, health } = await freePorts('artifacts', 'metrics', 'health');
  return {
    name: 'source-controller',
    command: world.program('source-controller'),
    args: [
      ...common,
      `--storage-path=${world.makeFolder('flux-artifacts')}`,
      `--storage-addr=127.0.0.1:${artifacts}`,
      `--storage-adv-addr=127.0.0.1:${artifacts}`,
      `--metrics-addr=127.0.0.1:${metrics}`,
      `--health-addr=127.0.0.1:${health}`,
    ],
    env: { ...environment, TMPDIR: world.makeFolder('flux-source-tmp') },
    ready: () => answers(`http://127.0.0.1:${health}/readyz`),
  };
}

async function kustomizeController(world: World, environment: Readonly<Record<string, string>>): Promise<Program> {
  const { metrics, health } = await freePorts('metrics', 'health');
  return {
    name: 'kustomize-controller',
    command: world.program('kustomize-controller'),
    args: [
      ...common,
      '--requeue-dependency=2s',
      `--metrics-addr=127.0.0.1:${metrics}`,
      `--health-addr=127.0.0.1:${health}`,
    ],
    env: { ...environment, TMPDIR: world.makeFolder('flux-kustomize-tmp') },
    ready: () => answers(`http://127.0.0.1:${health}/readyz`),
  };
}
