/** A Secret before it is hidden: it goes to a sealer or into the cluster, and nowhere else. */
import type { NamespaceName } from './identifiers.ts';

/** A Secret that the workloads refer to, before it is hidden. */
export interface PlainSecret {
  readonly namespace: NamespaceName;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
  /** Keys that are made of the others where the values are: Go templates, with external-secrets only. */
  readonly computed?: Readonly<Record<string, string>>;
}
