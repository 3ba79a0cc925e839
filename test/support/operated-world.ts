/** A configuration on disk with a real git server and a scripted control plane behind it, and commands run on it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfiguration } from '../../src/cli/configuration/load.ts';
import { wireListener } from '../../src/cli/wire.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { type RunningListener, startListener } from '../../src/listener/listener.ts';
import { type Finished, runTowpath } from './command-line.ts';
import { type GitServer, startGitServer } from './git-server.ts';
import { hurried } from './listener-world.ts';
import { memoryLog } from './memory-log.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from './scripted-control-plane.ts';
import { temporaryFolder } from './temp.ts';
import type { TestRepository } from './test-repository.ts';
import { until } from './until.ts';

export interface OperatedWorld {
  readonly plane: ScriptedControlPlane;
  readonly server: GitServer;
  readonly repository: TestRepository;
  /** Path of `towpath.yaml`. */
  readonly config: string;
  /** A listener of the very configuration, in this process. */
  listen(): Promise<RunningListener>;
  /** Runs `towpath <words> --config …` as a process of its own. */
  run(...words: readonly string[]): Promise<Finished>;
  /** Creates a deployment, and waits for it to be in git; answers its id and folder. */
  deployed(name: string): Promise<{ readonly id: DeploymentId; readonly folder: string }>;
  folderOf(name: string): Promise<string>;
  stop(): Promise<void>;
}

export async function operatedWorld(namespace: Readonly<Record<string, unknown>> = {}): Promise<OperatedWorld> {
  const folder = await temporaryFolder('operated');
  const [plane, server] = [await startScriptedControlPlane(), await startGitServer()];
  const repository = await server.repository('team-a');
  const config = join(folder, 'towpath.yaml');
  await writeFile(join(folder, 'api-key'), 'listener-key');
  await writeFile(join(folder, 'key'), 'ab'.repeat(32));
  const configuration = {
    controlPlane: { url: plane.url, apiKeyFile: 'api-key' },
    listener: { id: plane.listenerId },
    namespaces: { 'team-a': { repository: repository.url, secrets: { keyFile: 'key' }, engine: 'none', ...namespace } },
  };
  await writeFile(config, stringify(configuration));
  const stops: (() => Promise<unknown>)[] = [];
  const folderOf = async (name: string): Promise<string> =>
    Object.keys(await repository.tree())
      .find((path) => path.startsWith(`deployments/${name}-`))
      ?.split('/')
      .slice(0, 2)
      .join('/') ?? '';
  return {
    plane,
    server,
    repository,
    config,
    folderOf,
    listen: async () => {
      const loaded = await loadConfiguration(config);
      const ports = await wireListener(loaded, { purpose: 'listen', log: memoryLog() });
      const running = startListener(ports, loaded, { towpathVersion: '0.1.0', timings: hurried });
      const stop = async (): Promise<void> => {
        await running.stop();
        await ports.close();
      };
      stops.push(stop);
      return { ...running, stop };
    },
    run: (...words) =>
      runTowpath([...words, '--config', config], {
        env: { GIT_AUTHOR_NAME: 'Grace', GIT_AUTHOR_EMAIL: 'grace@example.com' },
      }),
    deployed: async (name) => {
      const id = plane.create(name);
      await until('a commit', () => plane.lastReport(id)?.outcome === 'succeeded');
      return { id, folder: await folderOf(name) };
    },
    stop: async () => {
      for (const stop of stops.reverse()) await stop();
      await plane.stop();
      await server.close();
    },
  };
}
