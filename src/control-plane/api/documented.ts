/** Lets a schema of the domain appear in the OpenAPI document as zod itself describes it. */
import { z } from '@hono/zod-openapi';

/** The generator cannot follow schemas that refer to themselves (any JSON value), so it gets theirs ready-made. */
export function documented<Schema extends z.ZodType>(name: string, schema: Schema): Schema {
  // A copy: schemas made before the generator was loaded lack its method, and who loads first is nobody's concern.
  return schema.clone().openapi(name, describe(schema));
}

function describe(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, $defs: __, ...described } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  // What refers to a definition is "any JSON value"; the empty schema says just that.
  const text = JSON.stringify(described).replaceAll(/\{"\$ref":"#\/\$defs\/[^"]*"\}/g, '{}');
  return JSON.parse(text) as Record<string, unknown>;
}
