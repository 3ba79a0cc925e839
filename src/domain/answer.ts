/** The rules for what users send, read as rules for what a server answers: a newer one knows more than we do. */

import { z } from 'zod';
import { fieldAt } from './object-fields.ts';

/** Each schema that it is made of may be changed; the types here are those of zod's own walkers. */
type AnySchema = z.core.$ZodType;

/** What a newer server may have raised; an answer as a whole has its bound in bytes. */
const upperBounds = new Set(['less_than', 'max_length', 'max_size']);

/** Drops unknown fields, wherever they are, and takes more than the rules allow of a number, a text or a list. */
export function tolerant<Schema extends z.ZodType>(schema: Schema): Schema {
  return relaxed(schema) as Schema;
}

/** Paths of the fields that `tolerant` drops, where they say anything: null means the same as absent. */
export function unknownFields(schema: z.ZodType, value: unknown): readonly string[] {
  const issues = schema.safeParse(value).error?.issues ?? [];
  const paths = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [],
  );
  return paths.filter((path) => (fieldAt(value, ...path) ?? null) !== null).map((path) => path.join('.'));
}

function relaxed(schema: AnySchema): AnySchema {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const checks = (def.checks ?? []).filter((check) => !upperBounds.has(check._zod.def.check));
  const changed = (parts: object): AnySchema => z.core.clone(schema, { ...def, checks, ...parts } as typeof def);
  switch (def.type) {
    case 'object': {
      const shape = Object.fromEntries(Object.entries(def.shape).map(([name, field]) => [name, relaxed(field)]));
      return changed({ shape, catchall: def.catchall?._zod.def.type === 'never' ? undefined : def.catchall });
    }
    case 'array':
      return changed({ element: relaxed(def.element) });
    case 'record':
      return changed({ valueType: relaxed(def.valueType) });
    case 'union':
      return changed({ options: def.options.map(relaxed) });
    case 'optional':
    case 'nullable':
    case 'default':
    case 'catch':
      return changed({ innerType: relaxed(def.innerType) });
    case 'number':
    case 'string':
      return changed({});
    default:
      return schema;
  }
}
