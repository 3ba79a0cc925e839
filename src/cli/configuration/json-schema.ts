/** The configuration as JSON Schema: for editors, for the README's test, and to know which keys there are. */
import { z } from 'zod';
import { Configuration } from '../../domain/configuration.ts';

/** What this project reads of a JSON Schema. */
export interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly description?: string;
  readonly default?: unknown;
}

/** Of what people write, before defaults are filled in. */
export function configurationJsonSchema(): JsonSchema & Record<string, unknown> {
  const schema = z.toJSONSchema(Configuration, { io: 'input' });
  return { ...schema, title: 'towpath.yaml', description: 'Configuration of a Towpath listener' } as never;
}

/** The option names allowed at a path; empty where any name may stand. */
export function knownKeys(schema: JsonSchema, path: readonly PropertyKey[]): string[] {
  const found = path.reduce((places, segment) => places.flatMap((place) => step(place, segment)), variants(schema));
  return [...new Set(found.flatMap((place) => Object.keys(place.properties ?? {})))];
}

function step(schema: JsonSchema, segment: PropertyKey): readonly JsonSchema[] {
  const additional = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const next = typeof segment === 'number' ? schema.items : (schema.properties?.[String(segment)] ?? additional);
  return next ? variants(next) : [];
}

function variants(schema: JsonSchema): readonly JsonSchema[] {
  const options = schema.anyOf ?? schema.oneOf;
  return options ? options.flatMap(variants) : [schema];
}
