/** Pages of our own lists: each answers `next_cursor`, from which the next one goes on, and may be shorter than its limit. */
import { z } from '@hono/zod-openapi';
import { parseCreationCursor } from '../../store/creation-order.ts';
import { wholeNumber } from '../requests.ts';

export const limit = (usual: number) => wholeNumber(1, 1000, usual);
export const NextCursor = z.string().nullable().openapi({ description: '`cursor` of the next page; null: the last' });

const creationCursor = /^[0-9]{1,14}_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Of lists in the order of creation. */
export const CreationCursor = z
  .string()
  .max(60)
  .regex(creationCursor, 'expected the next_cursor of an earlier answer')
  .transform(parseCreationCursor)
  .optional()
  .openapi({ type: 'string', maxLength: 60, pattern: creationCursor.source });
