/** The CustomResourceDefinition of LGPs as a real API server takes it: a structural schema, with nothing referred to. */
import { dump } from 'js-yaml';
import { lgpIdentity, lgpSchema } from './lgp.ts';
import type { Json, Schema } from './prune.ts';

const heading = `# A stand-in for the CRD of LangChain's operator, made by test/support/vendor-schemas/main.ts: the same fields in words of
# our own, so that a real API server judges what Towpath renders. For tests only; a cluster gets the operator's own.
`;

/** `definitions` are what the schema refers to. */
export function lgpResourceDefinition(definitions: Readonly<Record<string, Schema>>): string {
  const [group = '', version = ''] = lgpIdentity.apiVersion.split('/');
  const openAPIV3Schema = structural(lgpSchema, definitions);
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `lgps.${group}` },
    spec: {
      group,
      names: { kind: lgpIdentity.kind, listKind: 'LGPList', plural: 'lgps', singular: 'lgp' },
      scope: 'Namespaced',
      versions: [
        { name: version, served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema } },
      ],
    },
  };
  return heading + dump(definition, { noRefs: true, lineWidth: 120 });
}

function structural(schema: Schema, definitions: Readonly<Record<string, Schema>>): Schema {
  const { $ref: reference, ...own } = schema;
  if (typeof reference === 'string') {
    const name = reference.replace(/^.*\//, '');
    // As everywhere in CRDs, what is not the object's own metadata holds nothing that is checked.
    if (name.endsWith('.ObjectMeta')) return { type: 'object' };
    const found = definitions[name];
    if (!found) throw new Error(`Cannot write the CRD of LGPs: there is no definition ${name}`);
    return structural({ ...found, ...own }, definitions);
  }
  if (Array.isArray(own['type'])) return integerOrText(own);
  const kept = Object.entries(own).filter(([key, value]) => !(key === 'additionalProperties' && value === false));
  const written = kept.map(([key, value]): [string, Json] => [key, inner(key, value, definitions)]);
  return withProtocol(Object.fromEntries(written));
}

function inner(key: string, value: Json, definitions: Readonly<Record<string, Schema>>): Json {
  if (!isSchema(value)) return value;
  if (key !== 'properties') return structural(value, definitions);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, structural(one as Schema, definitions)]));
}

/** Structural schemas have one type each, but for this. */
function integerOrText({ pattern }: Schema): Schema {
  return {
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    ...(pattern === undefined ? {} : { pattern }),
    'x-kubernetes-int-or-string': true,
  };
}

/** A list that is keyed by a field needs that field in each item: for ports Kubernetes' own default does. */
function withProtocol(schema: Schema): Schema {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (!Array.isArray(keys) || !keys.includes('protocol')) return schema;
  const items = schema['items'] as Schema;
  const properties = items['properties'] as Schema;
  return {
    ...schema,
    items: { ...items, properties: { ...properties, protocol: { type: 'string', default: 'TCP' } } },
  };
}

function isSchema(value: Json): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
