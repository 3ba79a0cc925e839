/** What the description of an answer says that lists: how long it can be, and how to read the rest. */
import { mostListBytes, mostListRows } from '../store/list-room.ts';

/** As JSON: escapes make six bytes of one at most, and what is short comes to less than a mebibyte. */
const mostBytes = 6 * mostListBytes + 1024 * 1024;
const room = `${mostListBytes / 1024} KiB`;

/** The page ends where it is full. */
export const pages = {
  description: `A page. It may be shorter than its limit: it ends at ${mostListRows} rows or ${room}, and may be empty; there is more as long as the answer names the next one`,
  'x-max-bytes': mostBytes,
} as const;

/** For clients that take a short page for the last one. */
export const wholePages = {
  description: `A page; offset is the value for the next one. Rows beyond ${room} come without their large fields: read them by their ids`,
  'x-max-bytes': mostBytes,
} as const;

/** One short line for each of what was sent. */
export const linePerItem = { 'x-max-bytes': 1024 * 1024 } as const;
