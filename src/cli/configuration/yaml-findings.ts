/** What is no YAML in a configuration, in words that say what to write instead. */
import { type Document, isAlias, type LineCounter, visit } from 'yaml';
import type { Finding } from '../../domain/finding.ts';

/** By the parser's codes; each after "not valid YAML: ". */
const words: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias (*name) takes no tag and no anchor of its own; leave them out',
  BAD_ALIAS: 'the name of this alias is none; give it letters and digits',
  BAD_COLLECTION_TYPE: 'this tag does not fit what stands here; leave it out',
  BAD_DIRECTIVE: 'a line that begins with % is a directive, and this is none; put the text in quotes',
  BAD_DQ_ESCAPE: 'there is no such escape in "…"; write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'the indentation does not fit the lines above; align it with its neighbours, with blanks only',
  BAD_PROP_ORDER: 'anchor and tag stand before a key or value, not after it; move them',
  BAD_SCALAR_START: 'a text cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a key and its map cannot follow another ":" on the same line; begin a new line, or use quotes',
  BLOCK_IN_FLOW: 'a list with "-" or a block of text cannot stand inside { } or [ ]; write it in lines of its own',
  DUPLICATE_KEY: 'this key stands here a second time; keep one of them',
  IMPOSSIBLE: 'this cannot be read; look at quotes, brackets and indentation here',
  KEY_OVER_1024_CHARS: 'this key is longer than 1024 characters; look for a missing line end or quote',
  MISSING_CHAR: 'a closing bracket, brace, quote, ":" or "," is missing here or above; add it',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; look for a missing ":" or quote above',
  MULTIPLE_ANCHORS: 'a value has one anchor (&name) at most; remove the other',
  MULTIPLE_DOCS: 'a configuration is one document; remove what follows "---"',
  MULTIPLE_TAGS: 'a value has one tag (!name) at most; remove the other',
  NON_STRING_KEY: 'a key must be text; put it in quotes',
  TAB_AS_INDENT: 'tabs cannot indent; use blanks',
  TAG_RESOLVE_FAILED: 'there is no such tag; leave out what begins with "!"',
  UNEXPECTED_TOKEN: 'this is not expected here; look at quotes, brackets and commas',
};

interface YamlPlace {
  readonly origin: string;
  readonly lines: LineCounter;
}

export function yamlFindings(document: Document.Parsed, { origin, lines }: YamlPlace): readonly Finding[] {
  const at = (offset: number, message: string): Finding => ({
    path: origin,
    line: lines.linePos(offset).line,
    pointer: null,
    message: `not valid YAML: ${message}`,
  });
  const told = [...document.errors, ...document.warnings].map(({ code, pos }) =>
    at(pos[0], words[code] ?? words['IMPOSSIBLE'] ?? ''),
  );
  const found = told.length > 0 ? told : strayAliases(document).map(({ name, offset }) => at(offset, strayText(name)));
  return found.filter(({ line, message }, index) => {
    return found.findIndex((other) => other.line === line && other.message === message) === index;
  });
}

function strayText(name: string): string {
  return `nothing above is marked &${name}, which *${name} refers to; mark it, or put the text in quotes`;
}

/** Found only when values are made: an alias of nothing, or of what it lies in itself. */
function strayAliases(document: Document.Parsed): readonly { readonly name: string; readonly offset: number }[] {
  const found: { name: string; offset: number }[] = [];
  visit(document, {
    Alias: (_, node, path) => {
      const target = isAlias(node) ? node.resolve(document) : undefined;
      const isInside = target !== undefined && path.some((around) => around === target);
      if (target === undefined || isInside) found.push({ name: node.source, offset: node.range?.[0] ?? 0 });
    },
  });
  return found;
}
