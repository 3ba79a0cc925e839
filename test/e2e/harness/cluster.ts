/** Starts the whole of it: Kubernetes, a git server, Flux and Argo CD; and ends every process that it started. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argoCdNamespace, startArgoCd } from './argo-cd.ts';
import { build } from './build.ts';
import { serveControl } from './control-server.ts';
import { applyFolder, startCore } from './core.ts';
import type { ClusterDescription } from './description.ts';
import { fluxNamespace, startFlux } from './flux.ts';
import { startGit } from './git.ts';
import type { Say } from './go.ts';
import { Programs } from './programs.ts';
import { openRunFolder, type RunFolder } from './run-folder.ts';
import { type World, worldOf } from './world.ts';

export interface RunningCluster {
  readonly description: ClusterDescription;
  /** Where the description is written, for `TOWPATH_E2E_CLUSTER`. */
  readonly file: string;
  stop(): Promise<void>;
}

export async function startCluster(say: Say): Promise<RunningCluster> {
  const built = await build(say);
  const folder = openRunFolder();
  const programs = new Programs(folder);
  const forget = endWithProcess(programs, folder);
  const stops: (() => Promise<void>)[] = [() => programs.stopAll()];
  const stop = async (): Promise<void> => {
    for (const one of stops.toReversed()) await one();
    folder.remove();
    forget();
  };
  try {
    const description = await startParts(worldOf(folder.path, programs, built), folder, stops, say);
    const file = join(folder.path, 'cluster.json');
    writeFileSync(file, `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
    return { description, file, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  world: World,
  folder: RunFolder,
  stops: (() => Promise<void>)[],
  say: Say,
): Promise<ClusterDescription> {
  const timed = async <T>(what: string, work: Promise<T>): Promise<T> => {
    const startedMs = Date.now();
    const done = await work;
    say(`${what} ready in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
    return done;
  };
  const git = await startGit(world.makeFolder('git'));
  stops.push(git.close);
  const core = await timed('Kubernetes', startCore(world));
  const [argoCd] = await Promise.all([
    timed('Argo CD', startArgoCd(world, core, git.address)),
    timed('Flux', startFlux(world, core)),
    applyFolder(core.client, join(world.built.share, 'definitions')),
  ]);
  const control = await serveControl(controlOf(world.programs));
  stops.push(control.close);
  return {
    kind: 'own',
    kubeconfig: core.kubeconfig,
    git: git.address,
    argoCd: { namespace: argoCdNamespace, ...argoCd },
    flux: { namespace: fluxNamespace },
    logs: folder.logs,
    programs: world.built.programs,
    control: { url: control.url, token: control.token },
  };
}

function controlOf(programs: Programs) {
  return {
    start: (name: string) => programs.start(name),
    stop: (name: string) => programs.stop(name),
    kill: (name: string) => programs.kill(name),
    pause: async (name: string) => programs.pause(name),
    resume: async (name: string) => programs.resume(name),
  };
}

/** Whatever ends this process ends the programs, too. Gives a function that takes that back. */
function endWithProcess(programs: Programs, folder: RunFolder): () => void {
  const end = (): void => {
    programs.killAll();
    folder.remove();
  };
  process.once('exit', end);
  return () => process.off('exit', end);
}
