/** Hides secrets by naming them: nothing goes to git, and a person reads which Secret the cluster needs. */
import type { SecretSealer } from '../../ports.ts';

export function namedSecretSealer(): SecretSealer {
  return {
    fileOf: () => null,
    seal: async ({ namespace, name, values }) => {
      const keys = Object.keys(values).sort().join(', ');
      return {
        files: new Map(),
        note: `A cluster needs Secret "${name}" in namespace ${namespace} with the keys ${keys}.`,
      };
    },
  };
}
