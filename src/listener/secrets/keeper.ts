/** Secrets in the cluster (mode `cluster`): makes sure of those that the branch refers to, and collects what nothing needs. */
import type { Folder } from '../../core/folder.ts';
import type { Provenance } from '../../core/provenance.ts';
import { databaseSecretName } from '../../core/secrets/secret-names.ts';
import { unusedSecrets } from '../../core/secrets/unused-secrets.ts';
import { hasExternalDatabase } from '../../core/values/server.ts';
import type { Present } from '../../domain/desired.ts';
import { resourceNameOf } from '../../domain/resource-name.ts';
import type { PlainSecret } from '../../ports.ts';
import { describe } from '../describe.ts';
import type { ObserverWorld } from '../observe/world.ts';
import { databaseSecret, environmentSecretOf } from './plain-secrets.ts';

/** A Secret is made before the commit that needs it is pushed. */
const graceMs = 600_000;

export async function keepSecrets(world: ObserverWorld): Promise<void> {
  const { cluster, namespace, leadership, clock, log } = world.context;
  const there = await cluster.secrets();
  const asked = await readReferred(world);
  await restoreMissing(world, { there: new Set(there.map(({ name }) => name)), referred: asked.names });
  // Whoever cannot tell what is needed collects nothing.
  if (asked.kind === 'unknown') throw asked.error;
  const referred = asked.names;
  const unused = unusedSecrets({ secrets: there, referred, keep: ofBranch(world), now: clock.now(), graceMs });
  for (const name of unused) {
    if (!leadership.isHeld()) return;
    // Pushed while others were being deleted.
    if (ofBranch(world).has(name)) continue;
    await cluster.deleteSecret(name);
    log.info('Collected a Secret that nothing refers to', { namespace, secret: name });
  }
}

type Referred =
  | { readonly kind: 'known'; readonly names: ReadonlySet<string> }
  | { readonly kind: 'unknown'; readonly names: ReadonlySet<string>; readonly error: unknown };

async function readReferred({ context }: ObserverWorld): Promise<Referred> {
  try {
    return { kind: 'known', names: await context.cluster.referredSecrets() };
  } catch (error) {
    return { kind: 'unknown', names: new Set(), error };
  }
}

/** Of every folder of ours, also of one that the control plane does not know, and of what may be merged any moment. */
function ofBranch({ folders, proposed }: ObserverWorld): ReadonlySet<string> {
  return new Set([
    ...proposed,
    ...[...folders.values()].flatMap(({ path, provenance }) => [
      ...(provenance?.secretName ? [provenance.secretName] : []),
      databaseSecretName(resourceNameOf(path)),
    ]),
  ]);
}

interface SecretsSeen {
  readonly there: ReadonlySet<string>;
  readonly referred: ReadonlySet<string>;
}

async function restoreMissing(world: ObserverWorld, seen: SecretsSeen): Promise<void> {
  const { desired, namespace } = world.context;
  for (const item of desired.items(namespace)) {
    const folder = world.folders.get(item.deploymentId);
    if (item.kind === 'removed' || !folder?.provenance) continue;
    const wanted = neededBy(folder, seen.referred);
    const missing = new Set(wanted.filter((name) => !seen.there.has(name)));
    if (missing.size > 0) await restore(world, item, folder.provenance, missing);
  }
}

/** Of what the branch holds, whichever revision that is: a revert finds its own. */
function neededBy({ path, files, provenance }: Folder, referred: ReadonlySet<string>): readonly string[] {
  const database = databaseSecretName(resourceNameOf(path));
  const hasDatabase = files.some(
    (file) => file.path === 'postgres.statefulset.yaml' || file.path.endsWith('.lgp.yaml'),
  );
  return [
    ...(provenance?.secretName ? [provenance.secretName] : []),
    // Templates of somebody's own may name their files otherwise.
    ...(hasDatabase || referred.has(database) ? [database] : []),
  ];
}

async function restore(
  world: ObserverWorld,
  { deploymentId, name }: Present,
  provenance: Provenance,
  missing: ReadonlySet<string>,
): Promise<void> {
  const { cluster, leadership, namespace, log } = world.context;
  const fields = { namespace, deployment: name };
  try {
    if (!leadership.isHeld()) return;
    for (const secret of await plainSecretsOf(world, deploymentId, provenance)) {
      if (!missing.has(secret.name)) continue;
      // To ask for the values took a while.
      if (!leadership.isHeld()) return;
      await cluster.applySecret(secret);
      log.info('Made a Secret again that the branch refers to', { ...fields, secret: secret.name });
    }
  } catch (error) {
    log.warn('Cannot make a Secret again that the branch refers to', { ...fields, error: describe(error) });
  }
}

async function plainSecretsOf(
  { context }: ObserverWorld,
  deploymentId: Present['deploymentId'],
  { revisionId, secretName }: Provenance,
): Promise<readonly PlainSecret[]> {
  const { controlPlane, agentServer, log } = context;
  const specification = await controlPlane.specification(deploymentId, revisionId);
  const database = hasExternalDatabase({ specification, agentServer }) ? [] : [databaseSecret(context, specification)];
  if (secretName === null) return database;
  const { values } = await controlPlane.secrets(deploymentId, revisionId);
  const environment = environmentSecretOf(context, specification, values);
  if (environment.name === secretName) return [environment, ...database];
  log.warn('A Secret that the branch refers to cannot be made again: its values or the key have changed since', {
    deployment: specification.deployment.name,
    secret: secretName,
  });
  return database;
}
