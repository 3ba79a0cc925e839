/** Runs `towpath doctor`: looks at everything, one thing's failure stopping no other, and answers the exit code. */
import type { Configuration } from '../../domain/configuration.ts';
import { NamespaceName } from '../../domain/identifiers.ts';
import { redact } from '../../domain/redaction.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { readSchemas } from '../wiring/renderer.ts';
import { about, attempt, type Check, ok, skipped } from './check.ts';
import { type CheckedCluster, checkCluster } from './cluster-checks.ts';
import { checkNamespaceSettings } from './configuration-checks.ts';
import { checkControlPlane } from './control-plane-checks.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { doctorText } from './doctor-text.ts';
import { checkForge } from './forge-checks.ts';
import { checkNamespace } from './namespace-checks.ts';
import { checkRepository } from './repository-checks.ts';
import { checkSigningKey } from './signing-checks.ts';

/** 1: something failed. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const checks = await examine(options);
  const text = options.json ? `${JSON.stringify({ checks }, null, 2)}\n` : doctorText(checks);
  process.stdout.write(redact(text));
  return checks.some(({ verdict }) => verdict === 'failed') ? 1 : 0;
}

async function examine(options: DoctorOptions): Promise<readonly Check[]> {
  let configuration: Configuration | null = null;
  const parsing = await attempt('parses', 'correct it; "towpath validate" checks it alone', async () => {
    configuration = await loadConfiguration(options.config);
    return [ok('parses', options.config)];
  });
  const checks = about('configuration', parsing);
  return configuration === null ? checks : [...checks, ...(await examineWorld(configuration, options))];
}

async function examineWorld(configuration: Configuration, options: DoctorOptions): Promise<readonly Check[]> {
  const schemas = readSchemas();
  const [controlPlane, cluster] = await Promise.all([
    checkControlPlane(configuration),
    needsCluster(configuration) ? checkCluster(configuration, options, schemas.versions) : noCluster,
  ]);
  const namespaces = await Promise.all(
    Object.entries(configuration.namespaces).map(async ([name, settings]) => {
      const namespace = NamespaceName.parse(name);
      const own = await checkNamespaceSettings(settings, configuration.agentServer, schemas);
      const [repository, forge] = await Promise.all([
        checkRepository(settings, configuration.git),
        checkForge(configuration, settings),
      ]);
      const subject = { namespace, settings, isEmpty: repository.head === null };
      const live =
        cluster.cluster === null || settings.engine === 'none'
          ? []
          : await checkNamespace(configuration, subject, cluster.cluster);
      return about(`namespace ${name}`, [...own, ...repository.findings, ...forge, ...live]);
    }),
  );
  await cluster.close();
  return [
    ...about('control plane', controlPlane),
    ...about('cluster', cluster.findings),
    ...about('signing', await checkSigningKey(configuration.git)),
    ...namespaces.flat(),
  ];
}

function needsCluster({ namespaces, listener }: Configuration): boolean {
  return listener.leaderElection !== undefined || Object.values(namespaces).some(({ engine }) => engine !== 'none');
}

const noCluster: CheckedCluster = {
  cluster: null,
  findings: [skipped('answers', 'engine is none everywhere, so that the listener speaks to no cluster')],
  close: async () => undefined,
};
