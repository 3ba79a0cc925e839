/** Hides secrets by keeping them out of git altogether: the listener puts them into the cluster before the commit is pushed. */
import type { Cluster, SecretSealer } from '../ports.ts';

export function clusterSecretSealer(cluster: Pick<Cluster, 'applySecret'>): SecretSealer {
  return {
    seal: async (secret) => {
      await cluster.applySecret(secret);
      return { files: new Map(), note: null };
    },
  };
}
