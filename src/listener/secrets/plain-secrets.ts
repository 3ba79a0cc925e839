/** The Secrets that a revision needs, before they are hidden: its client's values, and the password of its database. */
import {
  databasePassword,
  databaseSecretName,
  databaseUriSecretName,
  environmentSecretName,
  type SecretKey,
} from '../../core/secrets/secret-names.ts';
import { isOperated } from '../../core/template/set.ts';
import { databaseUri } from '../../core/values/server.ts';
import { TowpathError } from '../../domain/failure.ts';
import { resourceName } from '../../domain/resource-name.ts';
import type { Specification } from '../../domain/specification.ts';
import type { PlainSecret } from '../../ports.ts';
import type { LaneContext } from '../context.ts';

type SecretsContext = Pick<LaneContext, 'namespace' | 'secretKey'>;

export function databaseSecret(context: SecretsContext, specification: Specification): PlainSecret {
  const { id, name } = specification.deployment;
  const password = databasePassword(keyOf(context, specification), id);
  return plainSecret(context, specification, databaseSecretName(resourceName(name, id)), {
    POSTGRES_PASSWORD: password,
  });
}

/** With external-secrets the password is the store's, and what stands for it says where. */
export function referredDatabaseSecret(
  context: Pick<LaneContext, 'namespace' | 'settings'>,
  specification: Specification,
  reference: string,
): PlainSecret {
  const { id, name, namespace } = specification.deployment;
  const base = resourceName(name, id);
  const values = { POSTGRES_PASSWORD: reference };
  // Only the operator knows what it calls the Postgres that it makes.
  if (isOperated(context.settings)) return plainSecret(context, specification, databaseSecretName(base), values);
  const secret = plainSecret(context, specification, databaseUriSecretName(base), values);
  return { ...secret, computed: { POSTGRES_URI: databaseUri(base, namespace, escapedPassword) } };
}

/** A URI takes "%20" for a blank, where Go's urlquery writes "+"; a real "+" it writes as "%2B". */
const escapedPassword = '{{ .POSTGRES_PASSWORD | urlquery | replace "+" "%20" }}';

/** Named by a digest of its values: other values are another Secret. */
export function environmentSecretOf(
  context: SecretsContext,
  specification: Specification,
  values: Readonly<Record<string, string>>,
): PlainSecret {
  const { id, name } = specification.deployment;
  const key = keyOf(context, specification);
  return plainSecret(context, specification, environmentSecretName(key, resourceName(name, id), values), values);
}

function plainSecret(
  context: Pick<SecretsContext, 'namespace'>,
  { deployment }: Specification,
  name: string,
  values: Readonly<Record<string, string>>,
): PlainSecret {
  return { namespace: context.namespace, name, labels: ownLabels(deployment), values };
}

/** By these the objects that the listener makes itself are found again. */
export function ownLabels(deployment: Specification['deployment']): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/name': resourceName(deployment.name, deployment.id),
    'app.kubernetes.io/part-of': deployment.name,
    'app.kubernetes.io/managed-by': 'towpath',
    'towpath.dev/deployment-id': deployment.id,
    'towpath.dev/listener-id': deployment.listenerId,
    'towpath.dev/workspace-id': deployment.workspaceId,
  };
}

export function keyOf(context: SecretsContext, { deployment }: Specification): SecretKey {
  if (context.secretKey) return context.secretKey;
  throw new TowpathError(
    'terminal',
    'MissingKey',
    `Cannot name the Secrets of ${deployment.name}: namespace ${context.namespace} has no secrets.keyFile; ` +
      'make one with "openssl rand -hex 32" and start the listener again',
  );
}
