/** Follows a forge's lists from page to page: by RFC 8288's Link header, or by GitLab's x-next-page. */
import type { IncomingHttpHeaders } from 'node:http';
import { headerOf } from './failure.ts';

/**
 * The query of the page after this one; null: this was the last. Of the forge's own URL only the query is taken: behind
 * a proxy it may name a host where the token must not go.
 */
export function nextPage(headers: IncomingHttpHeaders, query: URLSearchParams): URLSearchParams | null {
  const link = nextLink(headerOf(headers, 'link') ?? '');
  if (link !== null) return queryOf(link);
  const page = headerOf(headers, 'x-next-page');
  if (page === null || !/^\d+$/.test(page)) return null;
  const next = new URLSearchParams(query);
  next.set('page', page);
  return next;
}

/** `<https://…?page=2>; rel="next", <https://…?page=9>; rel="last"`; a comma may stand inside of the brackets. */
function nextLink(header: string): string | null {
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>([^<]*)/g)) {
    if (target !== undefined && /;\s*rel="?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:[;,]|$)/i.test(parameters ?? '')) {
      return target;
    }
  }
  return null;
}

function queryOf(link: string): URLSearchParams | null {
  return URL.canParse(link, 'http://forge.invalid') ? new URL(link, 'http://forge.invalid').searchParams : null;
}
