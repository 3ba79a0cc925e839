/** The API key of a request, as it was sent. */
import { prefixOf } from './api-key.ts';

export const longestKey = 512;

/** `X-Api-Key`, or `Authorization: Bearer`. */
export function keyFrom(headers: Headers): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1];
  const text = headers.get('x-api-key')?.trim() || bearer;
  return text === undefined || text.length > longestKey ? null : text;
}

/** Of a key that looks like one of ours; of anything else, a password perhaps, nothing is told. */
export function prefixSent(text: string | null): string | null {
  return text?.startsWith('tp_') ? prefixOf(text) : null;
}
