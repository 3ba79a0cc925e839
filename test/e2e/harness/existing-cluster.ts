/** A cluster that is there already, with the engines that are installed in it: kind on a developer's machine, for one. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argoCdNamespace, repositoryCredentials } from './argo-cd.ts';
import type { RunningCluster } from './cluster.ts';
import type { ProgramControl } from './control.ts';
import { serveControl } from './control-server.ts';
import { applyAll, readFolder } from './core.ts';
import { eventually } from './eventually.ts';
import { fateStages } from './fates.ts';
import { fluxNamespace } from './flux.ts';
import { startGit } from './git.ts';
import type { Say } from './go.ts';
import { findGo } from './go.ts';
import { type Kubernetes, type KubernetesObject, kubernetes } from './kubernetes.ts';
import { shareFiles } from './shared-files.ts';

interface Workload extends KubernetesObject {
  readonly spec: { readonly replicas: number };
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number };
}

/** Needs `KUBECONFIG`. Engines run in pods there, so the git server must be reachable at `TOWPATH_E2E_GIT_ADDRESS`. */
export async function useExistingCluster(say: Say): Promise<Pick<RunningCluster, 'description' | 'stop'>> {
  const kubeconfig = process.env['KUBECONFIG'];
  if (!kubeconfig) throw new Error('Cannot use an existing cluster: KUBECONFIG is not set');
  const client = kubernetes(readFileSync(kubeconfig, 'utf8'));
  await demandEngines(client);
  await addDefinitions(client, join(await shareFiles(await findGo(), say), 'definitions'));
  if (await hasDefinition(client, 'stages.kwok.x-k8s.io')) for (const stage of fateStages()) await client.apply(stage);
  const folder = mkdtempSync(join(tmpdir(), 'towpath-existing-'));
  const git = await startGit(join(folder, 'git'), process.env['TOWPATH_E2E_GIT_ADDRESS']);
  await client.apply(repositoryCredentials(git.address));
  const control = await serveControl(scaling(client));
  return {
    description: {
      kind: 'existing',
      kubeconfig,
      git: git.address,
      argoCd: { namespace: argoCdNamespace, url: '', webhookSecret: '', keyFolder: '' },
      flux: { namespace: fluxNamespace },
      logs: folder,
      programs: {},
      control: { url: control.url, token: control.token },
    },
    stop: async () => {
      await control.close();
      await git.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function demandEngines(client: Kubernetes): Promise<void> {
  for (const name of ['applications.argoproj.io', 'kustomizations.kustomize.toolkit.fluxcd.io']) {
    if (await hasDefinition(client, name)) continue;
    throw new Error(`Cannot use this cluster: it has no ${name}; install Argo CD and Flux in it first`);
  }
}

/** Those that are there stay as they are: a controller of the cluster may go by them. */
async function addDefinitions(client: Kubernetes, folder: string): Promise<void> {
  const missing: KubernetesObject[] = [];
  for (const one of readFolder(folder)) if (!(await hasDefinition(client, one.metadata.name))) missing.push(one);
  await applyAll(client, missing);
}

async function hasDefinition(client: Kubernetes, name: string): Promise<boolean> {
  return (await client.find('apiextensions.k8s.io/v1', 'CustomResourceDefinition', name)) !== undefined;
}

/** In a cluster a program is stopped by taking its pods away; only the engines can be. */
function scaling(client: Kubernetes): ProgramControl {
  const to = (replicas: number) => async (program: string) => await scale(client, program, replicas);
  return { start: to(1), stop: to(0), kill: to(0), pause: to(0), resume: to(1) };
}

async function scale(client: Kubernetes, program: string, replicas: number): Promise<void> {
  const namespace = program.startsWith('argocd-') ? argoCdNamespace : fluxNamespace;
  const kind = program === 'argocd-application-controller' ? 'StatefulSet' : 'Deployment';
  if (!(await client.find('apps/v1', kind, program, namespace))) {
    throw new Error(`Cannot stop or start ${program}: the cluster has no ${kind} of that name in ${namespace}`);
  }
  const reference = { apiVersion: 'apps/v1', kind, metadata: { name: program, namespace } };
  await client.patch(reference, { spec: { replicas } });
  await eventually(`${program} to have ${replicas} pods`, () => hasPods(client, kind, program, namespace), 120_000);
}

async function hasPods(client: Kubernetes, kind: string, name: string, namespace: string): Promise<boolean> {
  const { spec, status } = await client.read<Workload>('apps/v1', kind, name, namespace);
  return (status?.replicas ?? 0) === spec.replicas && (status?.readyReplicas ?? 0) === spec.replicas;
}
