/** Turns what the schema objects to into findings that name the line and say what to write instead. */
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { z } from 'zod';
import type { Finding } from '../../domain/finding.ts';
import { issueText, type Written } from './issue-text.ts';
import type { JsonSchema } from './json-schema.ts';

export type Issue = z.core.$ZodIssue;

export interface Source {
  /** How messages call the file. */
  readonly origin: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly schema: JsonSchema;
}

/** One finding an issue, in the order of the file. */
export function findingsOf(issues: readonly Issue[], source: Source): Finding[] {
  const found = issues.flatMap((issue) => describeIssue(issue, source).map((one) => locate(one, source)));
  return found.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

export interface Described {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function describeIssue(issue: Issue, source: Source): Described[] {
  const { path } = issue;
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message }));
  return [{ path, message: issueText(issue, writtenAt(source.document, path)) }];
}

/** What stands there, as the file spells it: `1.30` is the number 1.3 to YAML. */
export function writtenAt(document: Document, path: readonly PropertyKey[]): Written {
  const value = valueAt(document, path);
  const node = document.getIn([...path], true);
  const spelt = isScalar(node) && typeof node.source === 'string' ? node.source : null;
  return { value, text: spelt ?? (value === undefined ? '' : String(value)) };
}

export function locate({ path, message }: Described, { document, lines, origin }: Source): Finding {
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
