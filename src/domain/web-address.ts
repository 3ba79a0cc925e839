/** Addresses that somebody else gave and that clients show as a link: pages only, never a script or a password. */

const longest = 2048;

/** The text as it is where a browser may open it; null for everything else (`javascript:`, `data:`, a file, credentials). */
export function webAddress(text: string | null | undefined): string | null {
  if (!text || text.length > longest || /[\s\p{Cc}\p{Cf}]/u.test(text) || !/^https?:\/\//i.test(text)) return null;
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return null;
  return url.protocol === 'https:' || url.protocol === 'http:' ? text : null;
}
