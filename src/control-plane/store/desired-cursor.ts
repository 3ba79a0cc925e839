/** The opaque cursor of a listener's desired state. */
import { z } from 'zod';

const Cursor = z.object({
  /** Of the database: made anew, it knows nothing of older cursors. */
  epoch: z.guid(),
  /** The listener's version up to which everything was seen … */
  version: z.number().int().nonnegative(),
  /** … and, within that version, the deployments up to this one; several may change at once. */
  sequence: z.number().int().nonnegative(),
  /** Within a whole listing: the version at which it began. What was gone by then is not told. */
  listedAt: z.number().int().nonnegative().optional(),
});
export type DesiredCursor = z.infer<typeof Cursor>;

/** All deployments of a version, whatever their number. */
export const wholeVersion = Number.MAX_SAFE_INTEGER;

export function encodeCursor(cursor: DesiredCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** Null for what was never a cursor of ours: whoever brings it gets the whole listing. */
export function decodeCursor(text: string | null): DesiredCursor | null {
  if (text === null) return null;
  try {
    return Cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    return null;
  }
}
