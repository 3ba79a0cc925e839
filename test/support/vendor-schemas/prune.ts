/** Makes a schema small and strict: what a reader of manifests needs, and nothing that is only prose. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Schema = { readonly [key: string]: Json };

/** Prose, defaults and rules in languages that JSON Schema has no words for. */
const dropped = new Set([
  'description',
  'default',
  'example',
  'externalDocs',
  'nullable',
  'title',
  'x-kubernetes-group-version-kind',
  'x-kubernetes-map-type',
  'x-kubernetes-patch-merge-key',
  'x-kubernetes-patch-strategy',
  'x-kubernetes-unions',
  'x-kubernetes-validations',
]);

const quantity = {
  type: ['string', 'number'],
  pattern: '^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$',
};
const integerOrString = { type: ['integer', 'string'] };

/** Definitions whose meaning the generated text says too loosely. */
const rewritten: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': quantity,
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': integerOrString,
};

/** The kinds with everything they refer to, without `status`, which belongs to the cluster. */
export function bundle(definitions: Readonly<Record<string, Json>>, roots: readonly string[]): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  const visit = (name: string): void => {
    if (found[name]) return;
    const source = definitions[name] as Schema | undefined;
    if (!source) throw new Error(`Cannot bundle ${name}: the package does not define it`);
    const schema = rewritten[name] ?? prune(roots.includes(name) ? withoutStatus(source) : source);
    found[name] = schema;
    for (const next of referencesOf(schema)) visit(next);
  };
  for (const root of roots) visit(root);
  return Object.fromEntries(Object.entries(found).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** A CRD's structural schema, strict: a field that it does not name is refused, as the API server does. */
export function strict(schema: Schema, identity: { readonly apiVersion: string; readonly kind: string }): Schema {
  const pruned = prune(withoutStatus(schema));
  const properties = pruned['properties'] as Schema;
  return {
    ...(close(pruned) as Schema),
    properties: {
      ...(close(properties) as Schema),
      apiVersion: { type: 'string', enum: [identity.apiVersion] },
      kind: { type: 'string', enum: [identity.kind] },
      metadata: { $ref: '#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
    },
    required: ['apiVersion', 'kind', 'metadata', ...((pruned['required'] as string[] | undefined) ?? [])].filter(
      (name, index, all) => all.indexOf(name) === index,
    ),
  };
}

function withoutStatus(schema: Schema): Schema {
  const { status: _, ...properties } = schema['properties'] as Schema;
  return { ...schema, properties };
}

/** Null is refused everywhere: in a rendered file it is a template that printed nothing. */
function prune(schema: Schema): Schema {
  if (typeof schema['$ref'] === 'string') return { $ref: `#/$defs/${schema['$ref'].replace(/^.*\//, '')}` };
  if (schema['x-kubernetes-int-or-string'] === true) return integerOrQuantity(schema);
  const result: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (dropped.has(key)) continue;
    result[key] = keyword(key, value);
  }
  return result;
}

function keyword(key: string, value: Json): Json {
  if (key === 'properties' || key === 'patternProperties') {
    return Object.fromEntries(Object.entries(value as Schema).map(([name, inner]) => [name, prune(inner as Schema)]));
  }
  if (key === 'type' && Array.isArray(value)) {
    const types = value.filter((type) => type !== 'null');
    return types.length === 1 ? (types[0] ?? null) : types;
  }
  if (Array.isArray(value)) return value.map((inner) => (isSchema(inner) ? prune(inner) : inner));
  return isSchema(value) ? prune(value) : value;
}

/** A CRD says a Kubernetes Quantity as int-or-string with a pattern of its own. */
function integerOrQuantity(schema: Schema): Schema {
  const pattern = schema['pattern'];
  return typeof pattern === 'string' ? quantity : integerOrString;
}

function close(value: Json): Json {
  if (Array.isArray(value)) return value.map(close);
  if (!isSchema(value)) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, close(one)]));
  const open = value['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in value;
  const isObject = value['type'] === 'object' && isSchema(value['properties'] ?? null);
  return isObject && !open ? { ...inner, additionalProperties: false } : inner;
}

function isSchema(value: Json): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function referencesOf(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (!isSchema(value)) return [];
  const own = typeof value['$ref'] === 'string' ? [value['$ref'].replace(/^.*\//, '')] : [];
  return [...own, ...Object.values(value).flatMap(referencesOf)];
}
