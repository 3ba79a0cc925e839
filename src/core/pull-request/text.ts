/**
 * Makes text from outside safe in a pull request: it breaks no table, calls no person, closes no issue, makes no link
 * and begins no comment. Forges find mentions and references after rendering, some also before, so both are prevented.
 */
import { plainLine } from '../plain-line.ts';

/** What stands for itself between back-ticks on every forge, in a table or out of it; no space, so no second word. */
const literal = /^[A-Za-z0-9._:/@=+,*(){}[\]?%~!"';^-]+$/;
/** An `@` that does not stand within a word could be a mention. */
const mention = /(?<![A-Za-z0-9])@/;

/** A value, shown as what it is; never empty, so that a reader sees that something is there. */
export function code(text: string, limit = 300): string {
  const line = plainLine(text, limit);
  if (line === '') return '(empty)';
  if (literal.test(line) && !mention.test(line)) return `\`${line}\``;
  return `<code>${asEntities(line)}</code>`;
}

/** Letters with what may stand between and after them; a reference to an issue or a person needs more. */
const plainWord = /^(?:\d+[,;]?|[("]?\p{L}+(?:['’-]\p{L}+)*[)"]?[.,:;?]?)$/u;

/** Sentences and names: words stay words, what is between back-ticks and whatever else there is becomes code. */
export function prose(text: string, limit = 500): string {
  const parts = plainLine(text, limit).split(/`([^`]+)`/);
  return parts
    .map((part, index) => (index % 2 === 1 ? code(part, limit) : words(part)))
    .join('')
    .trim();
}

function words(text: string): string {
  return text
    .split(' ')
    .map((word) => {
      if (word === '' || plainWord.test(word)) return word;
      const [, body = word, end = ''] = /^(.*[^.,:;])([.,:;])$/.exec(word) ?? [];
      // Alone it is what ends a word that was code.
      return /^[.,:;]$/.test(body) ? body : `${code(body)}${end}`;
    })
    .join(' ');
}

/** Looked for as a forge does that reads an entity, or an underscore, as the end of a word. */
const closing =
  /(?<![A-Za-z0-9])(clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)(?=:?(?: |$))/gi;

/** A title is no Markdown, but forges look for references in it, too. */
export function titleText(text: string, limit = 200): string {
  const line = plainLine(text, limit);
  return cut(withoutReferences(line), limit);
}

/** For templates of users' own, where a value may stand anywhere in Markdown: no code around it, nothing alive in it. */
export function bareText(text: string, limit = 1000): string {
  const line = withoutReferences(plainLine(text, limit));
  return line
    .replace(/[&<>`*_[\]()|\\~!$#{}"'^@]/g, entity)
    .replace(/^[-+=/.]/, entity)
    .replace(/:(?=\/\/)/g, entity)
    .replace(/(?<=\bwww)\./gi, entity);
}

/** A link that can be nothing but a link; text only where the address is none for a browser. */
export function link(markdown: string, url: string | null): string {
  return url === null ? markdown : `[${markdown}](${url})`;
}

/** An address for `link`, below a base; null where the base is no address of pages. */
export function pageUrl(base: string, path: string): string | null {
  if (!URL.canParse(base)) return null;
  const url = new URL(base);
  if (!['http:', 'https:'].includes(url.protocol)) return null;
  const folder = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${folder}${path}`.replace(/[()<>|`\\"'*_~@!$[\]{}\s]/g, encodeURIComponentWhole);
}

/** Zero-width spaces, where a forge would see a person, an issue or a word that closes one, also with what follows. */
function withoutReferences(line: string): string {
  return line
    .replace(closing, '$1\u200b')
    .replace(/(?<![A-Za-z0-9])@/g, '@\u200b')
    .replace(/[#!$&%~^](?=[A-Za-z0-9_]|$)/g, '$&\u200b');
}

function cut(line: string, limit: number): string {
  return line.length <= limit ? line : `${[...line.slice(0, limit - 1)].join('')}…`;
}

function asEntities(line: string): string {
  return line.replace(/[\u0021-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007e]/g, entity);
}

function entity(character: string): string {
  return `&#${character.charCodeAt(0)};`;
}

/** encodeURIComponent leaves some characters alone that mean something in Markdown. */
function encodeURIComponentWhole(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
