/** What the descriptions of our own calls have in common. */
import { type RouteConfig, z } from '@hono/zod-openapi';

export const tags = ['towpath'];
export const security = [{ ApiKey: [] }, { BearerAuth: [] }];

/** Names stand in commits and lists: one line, no control characters. */
export const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>]+$/u, 'expected one line without control characters, "<" and ">"');

/** A JSON body that must be there. */
export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  content: { 'application/json': { schema } },
  required: true,
});
const Problem = z.object({
  detail: z.union([
    z.string(),
    z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string(), type: z.string() })),
  ]),
});

const meanings = {
  401: 'No key, or none that is valid',
  403: 'The key is not for this',
  404: 'Not found',
  409: 'Refused in the present state',
} as const;

/** The answer that is hoped for, and those that say why not. */
export function answers<Status extends 200 | 201, Schema extends z.ZodType>(
  status: Status,
  schema: Schema,
  refusals: readonly (keyof typeof meanings)[],
) {
  const hoped = { description: 'Done', content: { 'application/json': { schema } } };
  const refused = Object.fromEntries(
    [...refusals, 422 as const].map((code) => [
      code,
      {
        description: code === 422 ? 'The request does not fit' : meanings[code],
        content: { 'application/json': { schema: Problem } },
      },
    ]),
  );
  // Typed by the answer that handlers give; refusals are thrown, and so need no type.
  return { ...refused, [status]: hoped } as Record<Status, typeof hoped> & RouteConfig['responses'];
}
