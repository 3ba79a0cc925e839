/** Hides secrets by leaving them where they are: what a client gives are references into a store of the user's. */
import { type ExternalStore, externalSecretText, parseStoreReference } from '../../core/secrets/external-secret.ts';
import { sealedFileOf } from '../../core/secrets/sealed-files.ts';
import type { SecretSealer } from '../../ports.ts';

export function externalSecretSealer(store: ExternalStore): SecretSealer {
  return {
    fileOf: (name) => sealedFileOf('external-secrets', name),
    seal: async ({ values, ...secret }) => {
      const references = Object.entries(values).map(([key, value]) => {
        const reference = parseStoreReference(value);
        // Whoever calls has refused literal values; the last door all the same.
        if (reference === null) throw new RangeError(`Cannot refer to ${key} of Secret ${secret.name}: it is a value`);
        return [key, reference] as const;
      });
      const text = externalSecretText(secret, Object.fromEntries(references), store);
      return { files: new Map([[sealedFileOf('external-secrets', secret.name), text]]), note: null };
    },
  };
}
