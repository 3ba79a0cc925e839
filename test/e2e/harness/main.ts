/** The harness by hand: `build` makes what is missing, `up` keeps a cluster running until Ctrl-C. */
import { once } from 'node:events';
import { build } from './build.ts';
import { startCluster } from './cluster.ts';

const say = (line: string): void => console.log(line);

switch (process.argv[2]) {
  case 'build':
    await build(say);
    break;
  case 'up':
    await up();
    break;
  default:
    console.error('Usage: node test/e2e/harness/main.ts build | up');
    process.exitCode = 2;
}

async function up(): Promise<void> {
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')]);
  const startedMs = Date.now();
  const cluster = await startCluster(say);
  const { description, file } = cluster;
  say(`all ready in ${Math.round((Date.now() - startedMs) / 1000)} s`);
  say('');
  say(`export KUBECONFIG=${description.kubeconfig}`);
  say(`export TOWPATH_E2E_CLUSTER=${file}`);
  say('');
  say(
    `git      ${description.git.url}/<name>.git  user ${description.git.username}  password ${description.git.password}`,
  );
  say(`Argo CD  ${description.argoCd.url}`);
  say(`logs     ${description.logs}`);
  say('Ctrl-C ends it and takes its data away.');
  await ended;
  say('stopping');
  await cluster.stop();
}
