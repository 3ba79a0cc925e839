/** Parameters of paths and queries, read the way FastAPI reads them; an empty value means the same as none. */

import { z } from '@hono/zod-openapi';
import { DeploymentId, ListenerId, RevisionId } from '../../domain/identifiers.ts';
import { isStorable, outOfRange } from '../../domain/instant.ts';

/** A copy: the domain's own schemas may be older than the extension that lets schemas describe themselves. */
function identifier<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.clone().openapi({ type: 'string', format: 'uuid' });
}

export const DeploymentPath = z.object({ deployment_id: identifier(DeploymentId) });
export const RevisionPath = DeploymentPath.extend({ revision_id: identifier(RevisionId) });
export const ProjectPath = z.object({ project_id: identifier(DeploymentId) });
export const ProjectRevisionPath = ProjectPath.extend({ revision_id: identifier(RevisionId) });
export const ListenerPath = z.object({ listener_id: identifier(ListenerId) });

export function wholeNumber(least: number, most: number, usual: number) {
  return z
    .string()
    .regex(/^-?[0-9]{1,15}$/, 'Input should be a valid integer')
    .transform(Number)
    .pipe(z.number().int().min(least).max(most))
    .default(usual)
    .openapi({ type: 'integer', minimum: least, maximum: most, default: usual });
}

export function flag() {
  return z
    .enum(['true', 'false', '1', '0', 'True', 'False', ''])
    .transform((text) => (text === '' ? undefined : text.toLowerCase() === 'true' || text === '1'))
    .optional()
    .openapi({ type: 'boolean' });
}

export function words() {
  return z
    .string()
    .max(500)
    .transform((text) => (text === '' ? undefined : text))
    .optional()
    .openapi({ type: 'string', maxLength: 500 });
}

/** `a,b,c`, each of which must fit. */
export function list<Output>(item: z.ZodType<Output, string>) {
  return z
    .string()
    .max(8000)
    .transform((text) => text.split(',').map((part) => part.trim()))
    .transform((parts) => parts.filter((part) => part !== ''))
    .pipe(z.array(item).max(200))
    .transform((items) => (items.length === 0 ? undefined : items))
    .optional()
    .openapi({ type: 'string', maxLength: 8000 });
}

export function instant() {
  return z
    .string()
    .max(64)
    .transform((text) => (text === '' ? undefined : text))
    .pipe(z.iso.datetime({ offset: true, local: true }).refine(isStorable, outOfRange).optional())
    .transform((text) => (text === undefined ? undefined : new Date(text)))
    .optional()
    .openapi({ type: 'string', format: 'date-time', maxLength: 64 });
}

export const Paging = z.object({ limit: wholeNumber(1, 100, 20), offset: wholeNumber(0, 2_147_483_647, 0) });
