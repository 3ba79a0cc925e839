/** An ExternalSecret: values stay in a store of the user's, and git holds only where they are. */
import { goDuration } from '../../domain/duration.ts';
import type { PlainSecret } from '../../domain/plain-secret.ts';
import { yamlBlock } from '../template/yaml-text.ts';
import { sealedMetadata } from './sealed-metadata.ts';

interface StoreReference {
  readonly key: string;
  /** Field of a value that has several. */
  readonly property: string | null;
}

export interface ExternalStore {
  readonly store: { readonly kind: 'SecretStore' | 'ClusterSecretStore'; readonly name: string };
  /** Milliseconds. */
  readonly refreshInterval: number;
}

/** Printable ASCII without `#`, which parts the property from the key. */
const reference = /^external-secret:\/\/([!-"$-~]{1,512})(?:#([!-"$-~]{1,256}))?$/;

/** `external-secret://<key>[#<property>]`; null: it is a value itself, or no reference that could be read. */
export function parseStoreReference(text: string): StoreReference | null {
  const found = reference.exec(text);
  return found?.[1] === undefined ? null : { key: found[1], property: found[2] ?? null };
}

export function storeReference({ key, property }: StoreReference): string {
  return `external-secret://${key}${property === null ? '' : `#${property}`}`;
}

/** The operator makes of it a Secret like the one that mode `cluster` would apply, with what the store holds. */
export function externalSecretText(
  secret: Omit<PlainSecret, 'values'>,
  references: Readonly<Record<string, StoreReference>>,
  { store, refreshInterval }: ExternalStore,
): string {
  const { computed = {} } = secret;
  // Defaults of the definition are written out: engines would take what the cluster adds for a person's change.
  const defaults = { conversionStrategy: 'Default', decodingStrategy: 'None', metadataPolicy: 'None' };
  const data = Object.keys(references)
    .sort()
    .map((secretKey) => {
      const { key = '', property = null } = references[secretKey] ?? {};
      return { secretKey, remoteRef: { key, ...(property === null ? {} : { property }), ...defaults } };
    });
  const external = {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: sealedMetadata(secret),
    spec: {
      refreshInterval: goDuration(refreshInterval),
      secretStoreRef: { kind: store.kind, name: store.name },
      target: {
        name: secret.name,
        creationPolicy: 'Owner',
        deletionPolicy: 'Retain',
        immutable: true,
        template: {
          type: 'Opaque',
          engineVersion: 'v2',
          mergePolicy: 'Replace',
          metadata: { labels: secret.labels },
          // What is computed replaces what was fetched, so that is said again.
          ...(Object.keys(computed).length === 0 ? {} : { data: { ...copies(Object.keys(references)), ...computed } }),
        },
      },
      data,
    },
  };
  return `${yamlBlock(external, 0)}\n`;
}

function copies(keys: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(keys.map((key) => [key, `{{ .${key} }}`]));
}
