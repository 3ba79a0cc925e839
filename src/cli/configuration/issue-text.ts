/** What the schema objects to, in words that say what to write instead; never a library's own. */
import type { z } from 'zod';
import { nearestWord } from '../../core/nearest-word.ts';

type Issue = z.core.$ZodIssue;

/** What stands in the file: its value, and how it is spelt there. */
export interface Written {
  /** Undefined: nothing stands there. */
  readonly value: unknown;
  readonly text: string;
}

export function issueText(issue: Issue, written: Written): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeText(issue.expected, written);
    case 'invalid_value':
      return choiceText(issue.values, written);
    case 'invalid_union':
      return unionText(issue, written);
    case 'too_small':
    case 'too_big':
      return issue.message.startsWith('Too ') ? boundText(issue, written) : issue.message;
    case 'invalid_format':
      return formatText(issue);
    case 'custom':
      return issue.message;
    default:
      return `is not allowed here, found ${quoted(written)}`;
  }
}

export function unknownKeyText(key: string, known: readonly string[]): string {
  const meant = nearestWord(key, known);
  if (meant) return `unknown option; did you mean ${meant}?`;
  return known.length > 0 ? `unknown option; known here: ${known.join(', ')}` : 'unknown option';
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  int: 'a whole number',
  boolean: 'true or false',
};

function kindText(expected: string): string {
  return kinds[expected] ?? `a ${expected}`;
}

function typeText(expected: string, written: Written): string {
  const { value } = written;
  if (value === undefined) return 'is missing';
  if (value === null) return `is empty; expected ${kindText(expected)}`;
  return `expected ${kindText(expected)}, found ${quoted(written)}${spelling(expected, written)}`;
}

/** YAML takes `1.30`, `true` and `"5"` for something else than what was meant. */
function spelling(expected: string, { value, text }: Written): string {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `; write it in quotes: "${text}"`;
  }
  if (typeof value !== 'string') return '';
  const isNumber = /^-?[0-9]+(?:\.[0-9]+)?$/.test(value) && ['number', 'int'].includes(expected);
  if (isNumber || (expected === 'boolean' && /^(?:true|false)$/.test(value)))
    return `; write it without quotes: ${value}`;
  const meant = expected === 'boolean' ? truth(value) : null;
  return meant === null ? '' : `; write ${meant}`;
}

/** What YAML 1.1 took for true and false, and 1.2 takes for words. */
function truth(word: string): string | null {
  if (/^(?:y|yes|on)$/i.test(word)) return 'true';
  return /^(?:n|no|off)$/i.test(word) ? 'false' : null;
}

/** A default shows as an alternative that nobody can write. */
function choiceText(values: readonly unknown[], written: Written): string {
  const words = values.filter((value) => value !== undefined && value !== null).map(String);
  if (written.value === undefined) return `is missing; expected ${alternatives(words)}`;
  const meant = typeof written.value === 'string' ? nearestWord(written.value, words) : null;
  const hint = meant ? `; did you mean ${meant}?` : '';
  const found = written.value === null ? 'nothing' : quoted(written);
  return `expected ${alternatives(words)}, found ${found}${hint}`;
}

/** By a word that tells the cases apart, or by the types that would do. */
function unionText(issue: Extract<Issue, { code: 'invalid_union' }>, written: Written): string {
  if ('options' in issue && Array.isArray(issue.options) && issue.options.length > 0) {
    return choiceText(issue.options, written);
  }
  const types = issue.errors.flatMap(([first]) => (first?.code === 'invalid_type' ? [kindText(first.expected)] : []));
  if (written.value === undefined) return 'is missing';
  if (types.length === 0) return `is not of the expected form, found ${quoted(written)}`;
  return `expected ${alternatives([...new Set(types)])}, found ${quoted(written)}`;
}

function boundText(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, { text }: Written): string {
  const isSmall = issue.code === 'too_small';
  const bound = isSmall ? issue.minimum : issue.maximum;
  const word = isSmall ? 'at least' : 'at most';
  if (issue.origin === 'string') return isSmall && bound === 1 ? 'is empty' : `expected ${word} ${bound} characters`;
  if (issue.origin === 'array') return `expected ${word} ${bound} entries`;
  const wanted = issue.inclusive === false ? `${isSmall ? 'more' : 'less'} than` : word;
  return `expected ${wanted} ${bound}, found ${text}`;
}

function formatText(issue: Extract<Issue, { code: 'invalid_format' }>): string {
  if (issue.format === 'url') return 'expected a URL such as https://control-plane.example';
  if (issue.format === 'guid') return 'expected a UUID';
  return issue.message.startsWith('Invalid ') ? 'is not of the expected form' : issue.message;
}

function alternatives(values: readonly string[]): string {
  return values.length === 1 ? `${values[0]}` : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** Short, so that a block of text does not flood the terminal; secrets are never values here. */
function quoted({ value, text }: Written): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'number') return `the number ${text}`;
  if (typeof value === 'boolean') return text;
  const words = JSON.stringify(value);
  return words.length > 60 ? `${words.slice(0, 57)}…"` : words;
}
