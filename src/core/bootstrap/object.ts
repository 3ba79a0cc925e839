/** What `towpath bootstrap` makes: Kubernetes objects as data, and how they become files. */
import { createHash } from 'node:crypto';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { yamlBlock } from '../template/yaml-text.ts';

export interface BootstrapObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [part: string]: unknown;
}

/** Of every object that bootstrap makes for a namespace. */
export function bootstrapLabels(namespace: NamespaceName): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/managed-by': 'towpath', 'towpath.dev/namespace': namespace };
}

/** A name that is also the value of a label, which may have 63 characters. */
export function bootstrapName(namespace: NamespaceName): string {
  const name = `towpath-${namespace}`;
  if (name.length <= 63) return name;
  return `${name.slice(0, 54).replace(/-+$/, '')}-${createHash('sha256').update(namespace).digest('hex').slice(0, 8)}`;
}

export function bootstrapText(object: BootstrapObject): string {
  return `${yamlBlock(object, 0)}\n`;
}

/** `argocd.appproject.towpath-team-a.yaml`: unique, and sorted by where the object goes. */
export function bootstrapFile({ kind, metadata }: BootstrapObject): string {
  return `${metadata.namespace}.${kind.toLowerCase()}.${metadata.name}.yaml`;
}

/** `AppProject argocd/towpath-team-a`, for people. */
export function describeObject({ kind, metadata }: Pick<BootstrapObject, 'kind' | 'metadata'>): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

/** Namespaces may share an account; each object once, in the order in which they have to be made. */
export function distinctObjects(objects: readonly BootstrapObject[]): readonly BootstrapObject[] {
  const byName = new Map(objects.map((object) => [`${object.apiVersion} ${describeObject(object)}`, object]));
  return [...byName.values()];
}
