/**
 * Checks that the text around a value leaves it a scalar of its own. A line shows that only in part: the value may
 * stand inside a quoted or folded text that began further up, and would end it. So the template is read by a YAML
 * lexer, with a mark in place of each value and nothing in place of tags and comments.
 */
import { Lexer } from 'yaml';
import type { TemplateFault } from './template-fault.ts';

/** A character that no template has any use for. */
const mark = '\uE000';
const tag = /^[ \t]*\{\{(?:#|\/|else)[^\n]*$/gm;

/** `values` are where values stand, none of them over more than one line; `comments` may be longer. */
export function checkScalars(
  text: string,
  values: readonly hbs.AST.SourceLocation[],
  comments: readonly hbs.AST.SourceLocation[],
): TemplateFault[] {
  if (text.includes(mark)) return [{ line: lineAt(text, text.indexOf(mark)), message: 'U+E000 is not allowed' }];
  const lines = text.split('\n');
  for (const { start, end } of values) replace(lines, start, end, mark);
  for (const { start, end } of comments) replace(lines, start, end, ' ');
  return swallowed(lines.join('\n').replace(tag, '')).map((line) => ({
    line,
    message: 'the value stands inside a text that goes over several lines; give it a place of its own',
  }));
}

/** Lines whose mark is only a part of a longer scalar; in a block (`|`, `>`) that is text and stays text. */
function swallowed(marked: string): number[] {
  const found: number[] = [];
  let [offset, inBlock] = [0, false];
  for (const token of new Lexer().lex(marked)) {
    if (isControl(token)) continue;
    const at = token.indexOf(mark);
    const alone = token.split('').every((character) => character === mark);
    if (at !== -1 && !alone && !inBlock) found.push(lineAt(marked, offset + at));
    if (token.trim() !== '' && !token.startsWith('#')) inBlock = /^[|>]/.test(token);
    offset += token.length;
  }
  return found;
}

/** What the lexer puts in between to say what comes next; it is not in the text. */
function isControl(token: string): boolean {
  return token === '\u0002' || token === '\u0018' || token === '\u001f' || token === '\uFEFF';
}

function replace(lines: string[], start: hbs.AST.Position, end: hbs.AST.Position, character: string): void {
  for (let number = start.line; number <= end.line; number += 1) {
    const line = lines[number - 1] ?? '';
    const from = number === start.line ? start.column : 0;
    const to = number === end.line ? end.column : line.length;
    lines[number - 1] = line.slice(0, from) + character.repeat(to - from) + line.slice(to);
  }
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
