/**
 * Checks a template's syntax tree and rewrites it, so that a value can only ever become one YAML scalar or one
 * structure: `{{x}}` becomes a call of the encoder, every value that a helper gets is proved to exist, and whatever
 * could put text in another way (raw output, partials, decorators, a value in the midst of other text) is refused.
 */
import { blockHelpers, expressionHelpers, inserted, structureHelper } from './helpers.ts';
import { checkScalars } from './scalars.ts';
import type { TemplateFault } from './template-fault.ts';

/** Where on its line a value stands. */
type Place =
  | { readonly kind: 'value' }
  | { readonly kind: 'key' }
  | { readonly kind: 'alone'; readonly indent: number };

interface Rewriter {
  /** The template's source, line by line. */
  readonly lines: readonly string[];
  readonly faults: TemplateFault[];
  /** Where values and comments stand. */
  readonly values: hbs.AST.SourceLocation[];
  readonly comments: hbs.AST.SourceLocation[];
}

const beforeValue = /^(?: |- )*(?:- |(?:[A-Za-z0-9_./-]+|"[^"{}]*"|\{\{[^{}]*\}\}): +)$/;
const misplaced =
  'a value has a place of its own: "key: {{value}}", "- {{value}}", "{{key}}: …"; to join texts: {{concat "a" value}}';
const beforeKey = /^(?: |- )*$/;

/** The rewritten tree; faults, if any, are added to `faults`, all of them. */
export function rewriteTemplate(tree: hbs.AST.Program, text: string, faults: TemplateFault[]): hbs.AST.Program {
  const rewriter: Rewriter = { lines: text.split('\n'), faults, values: [], comments: [] };
  rewriter.lines.forEach((line, index) => {
    if (/(?<!\\)\{\{~?\^/.test(line)) fault(rewriter, index + 1, 'inverse tags ({{^ …}}) are not known: use {{else}}');
  });
  const rewritten = program(rewriter, tree);
  if (faults.length === 0) faults.push(...checkScalars(text, rewriter.values, rewriter.comments));
  return rewritten;
}

function program(rewriter: Rewriter, node: hbs.AST.Program | undefined): hbs.AST.Program {
  if (!node) return { type: 'Program', body: [], blockParams: [] } as unknown as hbs.AST.Program;
  return { ...node, body: node.body.map((statement) => rewriteStatement(rewriter, statement)) };
}

function rewriteStatement(rewriter: Rewriter, node: hbs.AST.Statement): hbs.AST.Statement {
  switch (node.type) {
    case 'ContentStatement':
      checkContent(rewriter, node as hbs.AST.ContentStatement);
      return node;
    case 'CommentStatement':
      rewriter.comments.push(node.loc);
      return node;
    case 'MustacheStatement':
      return rewriteMustache(rewriter, node as hbs.AST.MustacheStatement);
    case 'BlockStatement':
      return rewriteBlock(rewriter, node as hbs.AST.BlockStatement);
    case 'PartialStatement':
    case 'PartialBlockStatement':
      return refuse(rewriter, node, 'partials ({{> …}}) are not allowed: one template makes one whole object');
    default:
      return refuse(rewriter, node, 'decorators ({{* …}}) are not allowed');
  }
}

/** What authors write as text is theirs, but for the line that would begin a second document. */
function checkContent(rewriter: Rewriter, node: hbs.AST.ContentStatement): void {
  const original: string = Object(node).original;
  original.split('\n').forEach((line, offset) => {
    const atLineStart = offset > 0 || node.loc.start.column === 0;
    if (!atLineStart || !/^(?:---|\.\.\.)(?:\s|$)/.test(line)) return;
    fault(rewriter, node.loc.start.line + offset, 'document separators are not allowed: one template makes one object');
  });
}

function rewriteMustache(rewriter: Rewriter, node: hbs.AST.MustacheStatement): hbs.AST.Statement {
  const line = node.loc.start.line;
  if (!node.escaped) return refuse(rewriter, node, 'raw output ({{{ … }}} or {{& … }}) is not allowed: use {{ … }}');
  checkStrip(rewriter, line, [node.strip]);
  checkHash(rewriter, node);
  rewriter.values.push(node.loc);
  const place = placeOf(rewriter, node);
  if (!place) return node;
  const name = nameOf(node.path);
  if (name === structureHelper) return rewriteStructure(rewriter, node, place);
  if (place.kind === 'alone') return refuse(rewriter, node, misplaced);
  const written = place.kind === 'key' ? inserted.key : inserted.scalar;
  if (node.params.length === 0 && !expressionHelpers.has(name))
    return encode(node, written, [needed(rewriter, node.path), text(node, name)]);
  const call = { type: 'SubExpression', path: node.path, params: node.params, hash: node.hash, loc: node.loc };
  return encode(node, written, [argument(rewriter, call), text(node, name)]);
}

function rewriteStructure(rewriter: Rewriter, node: hbs.AST.MustacheStatement, place: Place): hbs.AST.Statement {
  const [value] = node.params;
  if (!value || node.params.length !== 1) {
    return refuse(rewriter, node, '"structure" takes one value: {{structure volumes}}');
  }
  if (place.kind === 'key') return refuse(rewriter, node, 'a structure cannot be a key');
  const name = text(node, nameOf(value));
  if (place.kind === 'value') return encode(node, inserted.flow, [argument(rewriter, value), name]);
  return encode(node, inserted.block, [argument(rewriter, value), name], number(node, place.indent));
}

function rewriteBlock(rewriter: Rewriter, node: hbs.AST.BlockStatement): hbs.AST.Statement {
  const name = nameOf(node.path);
  if (!blockHelpers.has(name)) return refuse(rewriter, node, unknownHelper(name));
  if (node.params.length !== 1) return refuse(rewriter, node, `"#${name}" takes exactly one value`);
  checkHash(rewriter, node);
  checkStrip(rewriter, node.loc.start.line, [node.openStrip, node.inverseStrip, node.closeStrip]);
  checkOwnLines(rewriter, node);
  return {
    ...node,
    params: node.params.map((parameter) => argument(rewriter, parameter)),
    program: program(rewriter, node.program),
    ...(node.inverse ? { inverse: program(rewriter, node.inverse) } : {}),
  } as hbs.AST.BlockStatement;
}

/** Block tags stand on lines of their own, so that each line of a template is either a tag or YAML. */
function checkOwnLines(rewriter: Rewriter, node: hbs.AST.BlockStatement): void {
  for (const number of [node.loc.start.line, node.loc.end.line]) {
    const line = rewriter.lines[number - 1] ?? '';
    if (/^\s*\{\{(?:#|\/|else)[^{}]*\}\}\s*$/.test(line)) continue;
    fault(rewriter, number, 'a block tag ({{#if …}}, {{else}}, {{/if}}) must stand alone on its line');
  }
}

/** A value has its place to itself: after `key: `, after `- `, as a key, or (a structure only) alone on its line. */
function placeOf(rewriter: Rewriter, node: hbs.AST.MustacheStatement): Place | null {
  const { start, end } = node.loc;
  const line = rewriter.lines[start.line - 1] ?? '';
  const [left, right] = [line.slice(0, start.column), line.slice(end.column).trimEnd()];
  if (start.line === end.line) {
    if (right === '' && /^ *$/.test(left)) return { kind: 'alone', indent: left.length };
    if (right === '' && beforeValue.test(left)) return { kind: 'value' };
    if (/^:(?: |$)/.test(right) && beforeKey.test(left)) return { kind: 'key' };
  }
  fault(rewriter, start.line, misplaced);
  return null;
}

/** The argument of a helper: a literal, a call of a known function, or a value that must exist. */
function argument(rewriter: Rewriter, node: hbs.AST.Expression): hbs.AST.Expression {
  if (node.type === 'PathExpression') return needed(rewriter, node as hbs.AST.PathExpression);
  if (node.type !== 'SubExpression') return node;
  const call = node as hbs.AST.SubExpression;
  const name = nameOf(call.path);
  const arity = expressionHelpers.get(name);
  if (!arity) fault(rewriter, node.loc.start.line, unknownHelper(name));
  else if (call.params.length < arity.least || call.params.length > arity.most) {
    fault(
      rewriter,
      node.loc.start.line,
      `"${name}" takes ${arity.least}${arity.most > arity.least ? ' or more' : ''} values`,
    );
  }
  checkHash(rewriter, call);
  return { ...call, params: call.params.map((parameter) => argument(rewriter, parameter)) } as hbs.AST.SubExpression;
}

function needed(rewriter: Rewriter, node: hbs.AST.Expression): hbs.AST.Expression {
  if (node.type !== 'PathExpression') return node;
  const path = node as hbs.AST.PathExpression;
  const inherited = path.parts.find((part) => part in Object.prototype);
  if (inherited) fault(rewriter, path.loc.start.line, `there is no value "${path.original}"`);
  const call = { path: helperPath(path, inserted.need), params: [path, text(path, path.original), lineOf(path)] };
  return { type: 'SubExpression', ...call, hash: undefined, loc: path.loc } as unknown as hbs.AST.SubExpression;
}

function encode(
  node: hbs.AST.MustacheStatement,
  helper: string,
  [value, name]: readonly [hbs.AST.Expression, hbs.AST.Expression],
  ...more: hbs.AST.Expression[]
): hbs.AST.MustacheStatement {
  const params = [value, name, lineOf(node), ...more];
  return { ...node, path: helperPath(node, helper), params, hash: undefined } as unknown as hbs.AST.MustacheStatement;
}

function helperPath(node: hbs.AST.Node, name: string): hbs.AST.PathExpression {
  return { type: 'PathExpression', data: false, depth: 0, parts: [name], original: name, loc: node.loc };
}

function text(node: hbs.AST.Node, value: string): hbs.AST.StringLiteral {
  return { type: 'StringLiteral', value, original: value, loc: node.loc };
}

function number(node: hbs.AST.Node, value: number): hbs.AST.NumberLiteral {
  return { type: 'NumberLiteral', value, original: value, loc: node.loc };
}

function lineOf(node: hbs.AST.Node): hbs.AST.NumberLiteral {
  return number(node, node.loc.start.line);
}

function nameOf(node: hbs.AST.Node): string {
  return 'original' in node ? String(node.original) : 'path' in node ? nameOf(node.path as hbs.AST.Node) : node.type;
}

function checkHash(rewriter: Rewriter, node: { readonly hash?: hbs.AST.Hash; readonly loc: hbs.AST.SourceLocation }) {
  if (node.hash?.pairs.length) fault(rewriter, node.loc.start.line, 'named arguments (name=value) are not known here');
}

function checkStrip(rewriter: Rewriter, line: number, flags: readonly (hbs.AST.StripFlags | undefined)[]): void {
  if (flags.some((flag) => flag?.open || flag?.close)) fault(rewriter, line, 'white space control (~) is not allowed');
}

function unknownHelper(name: string): string {
  const known = [...blockHelpers].map((one) => `#${one}`).concat(structureHelper, ...expressionHelpers.keys());
  return `unknown helper "${name}"; known are ${known.join(', ')}`;
}

function refuse(rewriter: Rewriter, node: hbs.AST.Statement, message: string): hbs.AST.Statement {
  fault(rewriter, node.loc.start.line, message);
  return node;
}

function fault(rewriter: Rewriter, line: number, message: string): void {
  rewriter.faults.push({ line, message });
}
