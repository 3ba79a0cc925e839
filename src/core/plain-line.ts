/** Makes text from outside safe to stand on one line of a commit: it can forge no line, trailer or header. */

/** C0, DEL, C1, line and paragraph separators, zero-width and bidirectional controls, byte order mark, tags. */
const invisible =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
/** Half a surrogate pair is no text and would become U+FFFD on its way into git. */
const loneSurrogates = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One line of at most `limit` characters; what cannot be seen becomes a space. */
export function plainLine(text: string, limit = 200): string {
  const line = text.replace(loneSurrogates, ' ').replace(invisible, ' ').replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length <= limit ? line : `${characters.slice(0, limit - 1).join('')}…`;
}

export interface Identity {
  readonly name: string;
  readonly email: string;
}

/** Git ends a name at `<` and an address at `>`, and strips punctuation at the edges; so do we, before git does. */
export function plainIdentity(identity: Identity, fallback: Identity): Identity {
  const name = trimCrud(plainLine(identity.name.replace(/[<>]/g, ' '), 100));
  const email = trimCrud(plainLine(identity.email.replace(/[<>\s]/g, ''), 200));
  return { name: name || fallback.name, email: email || fallback.email };
}

/** Git calls these characters crud: an author made of nothing else would be refused. */
function trimCrud(text: string): string {
  return text.replace(/^[\s.,:;<>"\\']+|[\s.,:;<>"\\']+$/g, '');
}
