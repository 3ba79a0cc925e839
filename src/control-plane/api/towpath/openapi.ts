/** What the descriptions of our own calls have in common. */
import { type RouteConfig, z } from '@hono/zod-openapi';

export const tags = ['towpath'];
export const security = [{ ApiKey: [] }, { BearerAuth: [] }];

/** Names stand in commits and lists: one line, no control characters. The document says it as far as every generator reads it. */
export const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(
    (text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>]/u.test(text),
    'expected one line without control characters, "<" and ">"',
  )
  .openapi({ pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f<>]+$' });

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
  413: 'Longer than this call takes',
  415: 'The body is not called JSON',
} as const;

/** The answer that is hoped for, with what there is to say of it, and those that say why not. */
export function answers<Status extends 200 | 201, Schema extends z.ZodType>(
  status: Status,
  schema: Schema,
  refusedWith: readonly (keyof typeof meanings)[],
  more: { readonly description?: string; readonly 'x-max-bytes'?: number } = {},
) {
  const hoped = { description: 'Done', ...more, content: { 'application/json': { schema } } };
  // Typed by the answer that handlers give; refusals are thrown, and so need no type.
  return { ...refusals(refusedWith), [status]: hoped } as Record<Status, typeof hoped> & RouteConfig['responses'];
}

/** Those that say why not; 422 is always among them. */
export function refusals(codes: readonly (keyof typeof meanings)[]): RouteConfig['responses'] {
  return Object.fromEntries(
    [...codes, 422 as const].map((code) => [
      code,
      {
        description: code === 422 ? 'The request does not fit' : meanings[code],
        content: { 'application/json': { schema: Problem } },
      },
    ]),
  );
}
