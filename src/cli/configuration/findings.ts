/** Turns what the schema objects to into findings that name the line and say what to write instead. */
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { z } from 'zod';
import type { Finding } from '../../domain/finding.ts';
import { type JsonSchema, knownKeys } from './json-schema.ts';
import { nearest } from './suggestion.ts';

type Issue = z.core.$ZodIssue;

export interface Source {
  /** How messages call the file. */
  readonly origin: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly schema: JsonSchema;
}

/** One finding an issue, an unknown key each; in the order of the file. */
export function findingsOf(issues: readonly Issue[], source: Source): Finding[] {
  const found = issues.flatMap((issue) => describeIssue(issue, source).map((one) => locate(one, source)));
  return found.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

interface Described {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function describeIssue(issue: Issue, source: Source): Described[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, path, source.schema) }));
    case 'invalid_type':
      return [{ path, message: typeMessage(issue.expected, valueAt(source.document, path)) }];
    case 'invalid_value':
      return [{ path, message: choice(issue.values.map(String), valueAt(source.document, path)) }];
    case 'invalid_union':
      return [{ path, message: unionMessage(issue, valueAt(source.document, path)) }];
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, message }));
    default:
      return [{ path, message: formatMessage(issue) }];
  }
}

function unknownKey(key: string, path: readonly PropertyKey[], schema: JsonSchema): string {
  const known = knownKeys(schema, path);
  const meant = nearest(key, known);
  if (meant) return `unknown option; did you mean ${meant}?`;
  return known.length > 0 ? `unknown option; known here: ${known.join(', ')}` : 'unknown option';
}

function typeMessage(expected: string, value: unknown): string {
  if (value === undefined) return 'is missing';
  const words: Readonly<Record<string, string>> = {
    object: 'a map',
    record: 'a map',
    array: 'a list',
    int: 'a whole number',
  };
  const wanted = words[expected] ?? `a ${expected}`;
  return value === null ? `is empty; expected ${wanted}` : `expected ${wanted}, found ${quote(value)}`;
}

function choice(values: readonly string[], value: unknown): string {
  if (value === undefined) return `is missing; expected ${alternatives(values)}`;
  const meant = typeof value === 'string' ? nearest(value, values) : null;
  const hint = meant ? `; did you mean ${meant}?` : '';
  return `expected ${alternatives(values)}, found ${quote(value)}${hint}`;
}

function unionMessage(issue: Extract<Issue, { code: 'invalid_union' }>, value: unknown): string {
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
  return options.length > 0 ? choice(options, value) : `does not fit: ${issue.message}`;
}

function formatMessage(issue: Issue): string {
  if (issue.code !== 'invalid_format') return lowerFirst(issue.message);
  if (issue.format === 'url') return 'expected a URL such as https://control-plane.example';
  return issue.format === 'guid' ? 'expected a UUID' : lowerFirst(issue.message);
}

function alternatives(values: readonly string[]): string {
  return values.length === 1 ? `${values[0]}` : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** Short, so that a block of text does not flood the terminal; secrets are never values here. */
function quote(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function locate({ path, message }: Described, { document, lines, origin }: Source): Finding {
  const offset = offsetOf(document, path);
  const line = offset === null ? null : lines.linePos(offset).line;
  return { path: origin, line, pointer: path.map(String).join('.'), message };
}

/** Where the key stands, or the nearest thing around it that is written down. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | null {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? null;
  for (const segment of path) {
    const child = childOf(document, node, segment);
    if (!child) break;
    offset = child.at ?? offset;
    node = child.value;
  }
  return offset;
}

function valueAt(document: Document, path: readonly PropertyKey[]): unknown {
  const value: unknown = document.toJS();
  return path.reduce<unknown>(
    (place, segment) => (place as Record<PropertyKey, unknown> | undefined)?.[segment],
    value,
  );
}

function childOf(
  document: Document,
  parent: Node | null,
  segment: PropertyKey,
): { at: number | null; value: Node | null } | null {
  const node = isAlias(parent) ? (parent.resolve(document) ?? null) : parent;
  if (isSeq(node)) {
    const item = node.items[Number(segment)] as Node | undefined;
    return item ? { at: item.range?.[0] ?? null, value: item } : null;
  }
  if (!isMap(node)) return null;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
  return pair ? { at: (pair.key as Node).range?.[0] ?? null, value: pair.value as Node | null } : null;
}
