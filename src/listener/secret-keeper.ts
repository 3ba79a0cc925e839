/** Secrets in the cluster (mode `cluster`): makes sure of those that the branch refers to, and collects what nothing needs. */
import type { Folder } from '../core/folder.ts';
import { databaseSecretName } from '../core/secret-names.ts';
import { unusedSecrets } from '../core/unused-secrets.ts';
import { hasExternalDatabase } from '../core/values-server.ts';
import type { Present } from '../domain/desired.ts';
import { resourceName } from '../domain/resource-name.ts';
import type { PlainSecret } from '../ports.ts';
import { describe } from './decide.ts';
import type { ObserverWorld } from './observer-world.ts';
import { databaseSecret, environmentSecretOf } from './plain-secrets.ts';

/** A Secret is made before the commit that needs it is pushed. */
const graceMs = 600_000;

export async function keepSecrets(world: ObserverWorld): Promise<void> {
  const { context, folders } = world;
  const { cluster, desired, namespace, leadership, clock, log } = context;
  const there = await cluster.secrets();
  const names = new Set(there.map(({ name }) => name));
  const keep = new Set<string>();
  for (const item of desired.items(namespace)) {
    const folder = folders.get(item.deploymentId);
    if (item.kind === 'removed' || !folder) continue;
    const wanted = secretsOf(folder, item);
    for (const name of wanted) keep.add(name);
    if (wanted.some((name) => !names.has(name)) && leadership.isHeld()) await restore(world, item, folder, names);
  }
  const referred = await cluster.referredSecrets();
  for (const name of unusedSecrets({ secrets: there, referred, keep, now: clock.now(), graceMs })) {
    if (!leadership.isHeld()) return;
    await cluster.deleteSecret(name);
    log.info('Collected a Secret that nothing refers to', { namespace, secret: name });
  }
}

/** Of what the branch holds, whichever revision that is: a revert finds its own. */
function secretsOf({ files, provenance }: Folder, { name, deploymentId }: Present): readonly string[] {
  const holdsDatabase = files.some(({ path }) => path === 'postgres.statefulset.yaml' || path.endsWith('.lgp.yaml'));
  return [
    ...(provenance?.secretName ? [provenance.secretName] : []),
    ...(holdsDatabase ? [databaseSecretName(resourceName(name, deploymentId))] : []),
  ];
}

async function restore(
  world: ObserverWorld,
  { deploymentId, name }: Present,
  folder: Folder,
  there: ReadonlySet<string>,
): Promise<void> {
  const { context } = world;
  const fields = { namespace: context.namespace, deployment: name };
  try {
    for (const secret of await plainSecretsOf(world, deploymentId, folder)) {
      if (there.has(secret.name)) continue;
      await context.cluster.applySecret(secret);
      context.log.info('Made a Secret again that the branch refers to', { ...fields, secret: secret.name });
    }
  } catch (error) {
    context.log.warn('Cannot make a Secret again that the branch refers to', { ...fields, error: describe(error) });
  }
}

async function plainSecretsOf(
  { context }: ObserverWorld,
  deploymentId: Present['deploymentId'],
  { provenance }: Folder,
): Promise<readonly PlainSecret[]> {
  if (provenance === null) return [];
  const { controlPlane, agentServer, log } = context;
  const specification = await controlPlane.specification(deploymentId, provenance.revisionId);
  const database = hasExternalDatabase({ specification, agentServer }) ? [] : [databaseSecret(context, specification)];
  if (provenance.secretName === null) return database;
  const { values } = await controlPlane.secrets(deploymentId, provenance.revisionId);
  const environment = environmentSecretOf(context, specification, values);
  if (environment.name === provenance.secretName) return [environment, ...database];
  log.warn('A Secret that the branch refers to cannot be made again: its values or the key have changed since', {
    deployment: specification.deployment.name,
    secret: provenance.secretName,
  });
  return database;
}
