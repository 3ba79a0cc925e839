/** A SealedSecret of Bitnami's controller: what is encrypted goes in, the file comes out. */
import type { PlainSecret } from '../../domain/plain-secret.ts';
import { yamlBlock } from '../template/yaml-text.ts';
import { sealedMetadata } from './sealed-metadata.ts';

/** Where the controller opens a value: this very Secret, any of its namespace, or any at all. */
export type SealingScope = 'strict' | 'namespace-wide' | 'cluster-wide';

/** What RSA-OAEP binds a value to; the controller opens it only with the same label. */
export function sealingLabel(
  { namespace, name }: Pick<PlainSecret, 'namespace' | 'name'>,
  scope: SealingScope,
): string {
  switch (scope) {
    case 'strict':
      return `${namespace}/${name}`;
    case 'namespace-wide':
      return namespace;
    case 'cluster-wide':
      return '';
    default:
      return scope satisfies never;
  }
}

/** `encrypted` are base64 envelopes by key. The controller makes of it what mode `cluster` would apply itself. */
export function sealedSecretText(
  secret: Omit<PlainSecret, 'values'>,
  encrypted: Readonly<Record<string, string>>,
  scope: SealingScope,
): string {
  const { namespace, name, labels } = secret;
  const annotations = scope === 'strict' ? {} : { annotations: { [`sealedsecrets.bitnami.com/${scope}`]: 'true' } };
  const sealed = {
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { ...sealedMetadata(secret), ...annotations },
    spec: {
      encryptedData: encrypted,
      template: {
        type: 'Opaque',
        immutable: true,
        metadata: { name, namespace, labels, ...annotations },
      },
    },
  };
  return `${yamlBlock(sealed, 0)}\n`;
}
