/** The namespace that a check is about. */
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';

export interface NamespaceSubject {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
  /** Nothing was committed yet. */
  readonly isEmpty: boolean;
}
