/** Hides secrets by keeping them out of git altogether: the listener puts them into the cluster before the commit is pushed. */
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import type { Cluster, SecretSealer } from '../../ports.ts';

/** A missing right is the administrator's to mend, and nobody tells when he has: so it is looked again. */
const forbiddenAgainMs = 30_000;

export function clusterSecretSealer(cluster: Pick<Cluster, 'applySecret'>): SecretSealer {
  return {
    fileOf: () => null,
    seal: async (secret) => {
      try {
        await cluster.applySecret(secret);
      } catch (error) {
        throw triedAgain(error) ?? error;
      }
      return { files: new Map(), note: null };
    },
  };
}

function triedAgain(cause: unknown): TowpathError | null {
  const known = asTowpathError(cause);
  if (known?.reason !== 'ClusterForbidden' && known?.reason !== 'ClusterUnauthorized') return null;
  return new TowpathError('terminal', known.reason, known.message, { cause, retryAfterMs: forbiddenAgainMs });
}
