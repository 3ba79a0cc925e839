/** How a namespace hides its secrets: kept in the cluster, sealed in git, or left in a store. */
import { clusterSecretSealer } from '../../adapters/secret-sealer/cluster.ts';
import { externalSecretSealer } from '../../adapters/secret-sealer/external.ts';
import { namedSecretSealer } from '../../adapters/secret-sealer/named.ts';
import { sealedSecretsSealer } from '../../adapters/secret-sealer/sealed-secrets.ts';
import { sopsSealer } from '../../adapters/secret-sealer/sops.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { EngineKind } from '../../domain/live-object.ts';
import type { Clock, Cluster, SecretSealer } from '../../ports.ts';

interface SealerOptions {
  readonly namespace: NamespaceName;
  readonly secrets: Namespace['secrets'];
  /** As it was found. */
  readonly engine: EngineKind | null;
  /** Null without an engine, and in a preview: then a person reads which Secrets a cluster would need. */
  readonly cluster: Pick<Cluster, 'applySecret'> | null;
  readonly clock: Pick<Clock, 'now'>;
}

export function openSealer({ namespace, secrets, engine, cluster, clock }: SealerOptions): SecretSealer {
  switch (secrets.mode) {
    case 'cluster':
      return cluster === null ? namedSecretSealer() : clusterSecretSealer(cluster);
    case 'sealed-secrets':
      return sealedSecretsSealer({ certificateFile: secrets.certificateFile, scope: secrets.scope, clock });
    case 'sops':
      if (engine === 'argo-cd') throw undecrypted(namespace);
      return sopsSealer({ recipients: secrets.recipients, recipientsFile: secrets.recipientsFile, clock });
    case 'external-secrets':
      return externalSecretSealer(secrets);
    default:
      return secrets satisfies never;
  }
}

/** Known only once the engine was found: the configuration refuses it where it names Argo CD itself. */
function undecrypted(namespace: NamespaceName): TowpathError {
  const message =
    `Cannot use secrets.mode sops in namespace ${namespace}: Argo CD applies its repository, and does not decrypt; ` +
    'use sealed-secrets or external-secrets';
  return new TowpathError('terminal', 'UndecryptedSecrets', message);
}
