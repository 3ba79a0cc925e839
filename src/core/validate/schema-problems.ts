/** What a person needs to know of a schema's verdict: one sentence a mistake, no noise of the machinery. */
import type { ErrorObject } from 'ajv';
import { nearestWord } from '../nearest-word.ts';

export interface SchemaProblem {
  readonly pointer: string;
  readonly message: string;
}

/** Beyond these nobody reads on; a list with a hundred thousand wrong items must not cost an hour to describe. */
const mostProblems = 50;

type Definitions = Readonly<Record<string, object>>;

export function describeSchemaErrors(
  errors: readonly ErrorObject[],
  definitions: Definitions,
): readonly SchemaProblem[] {
  const found = new Map<string, SchemaProblem>();
  const voices = errors.filter(isOwnVoice);
  for (const error of voices.slice(0, mostProblems)) {
    const problem = describe(error, definitions);
    found.set(`${problem.pointer} ${problem.message}`, problem);
  }
  const more = voices.length - mostProblems;
  return [...found.values(), ...(more > 0 ? [{ pointer: '', message: `and ${more} more mistakes like these` }] : [])];
}

/** Inside a choice every branch complains; only the choice itself says something. */
function isOwnVoice(error: ErrorObject): boolean {
  return !/\/(?:oneOf|anyOf|not|if)\//.test(error.schemaPath);
}

function describe(error: ErrorObject, definitions: Definitions): SchemaProblem {
  const pointer = error.instancePath;
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownField(error, String(params['additionalProperty']), definitions);
    case 'required':
      return { pointer, message: `misses the field "${params['missingProperty']}"` };
    case 'type':
      return { pointer, message: wrongType(error) };
    case 'enum':
      return { pointer, message: `expected ${choices(params['allowedValues'] as readonly unknown[])}` };
    case 'pattern':
      return { pointer, message: wrongPattern(error) };
    case 'format':
      return {
        pointer,
        message: `expected ${formatNames[String(params['format'])] ?? `the format ${params['format']}`}`,
      };
    case 'x-kubernetes-list-map-keys':
      return { pointer: `${pointer}/${params['index']}`, message: `repeats ${params['key']} of an earlier item` };
    case 'oneOf':
    case 'anyOf':
    case 'not':
      return { pointer, message: `is none of the allowed forms${formsOf(error)}` };
    default:
      return { pointer, message: error.message ?? `breaks the rule ${error.keyword}` };
  }
}

function unknownField(error: ErrorObject, name: string, definitions: Definitions): SchemaProblem {
  const known = propertiesOf(error.parentSchema ?? {}, definitions);
  return {
    pointer: `${error.instancePath}/${escapePointer(name)}`,
    message: `unknown field "${name}"${hintFor(name, known, definitions)}`,
  };
}

type Properties = Readonly<Record<string, object>>;

/** A misspelt word, a field one level too high, or what there is. */
function hintFor(name: string, known: Properties, definitions: Definitions): string {
  const close = nearestWord(name, Object.keys(known));
  if (close !== null) return `, did you mean "${close}"?`;
  const [owner] = Object.keys(known).filter((field) =>
    Object.hasOwn(propertiesOf(known[field] ?? {}, definitions), name),
  );
  if (owner !== undefined) return `, it belongs under "${owner}"`;
  const fields = Object.keys(known);
  return fields.length > 0 && fields.length <= 8 ? `; known here: ${fields.join(', ')}` : '';
}

/** The named fields of a mapping, or of the items of a list. */
function propertiesOf(schema: object, definitions: Definitions): Properties {
  const { $ref, items, properties } = schema as { $ref?: string; items?: object; properties?: Properties };
  if (properties) return properties;
  if (items) return propertiesOf(items, definitions);
  const target = $ref === undefined ? undefined : definitions[$ref.replace('#/$defs/', '')];
  return target ? propertiesOf(target, definitions) : {};
}

/** The value itself is not repeated: it may be somebody's password in the wrong place. */
function wrongType(error: ErrorObject): string {
  const expected = [error.schema].flat().map((type) => typeNames[String(type)] ?? String(type));
  if (error.data === null) return `is empty (null): leave the field out, or give it ${expected.join(' or ')}`;
  const actual = Array.isArray(error.data) ? 'a list' : typeNames[typeof error.data];
  return `expected ${expected.join(' or ')}, found ${actual}${quoteHint(error)}`;
}

function quoteHint(error: ErrorObject): string {
  const expected = [error.schema].flat();
  if (expected.includes('string') && ['number', 'boolean'].includes(typeof error.data)) return ': put it in quotes';
  const wantsBare = expected.some((type) => ['integer', 'number', 'boolean'].includes(String(type)));
  return wantsBare && typeof error.data === 'string' ? ': write it without quotes' : '';
}

function wrongPattern(error: ErrorObject): string {
  const pattern = String(error.schema);
  if (pattern.includes('[KMGTPE]i')) return 'expected a quantity such as 500m, 2 or 4Gi';
  return `does not match ${pattern}`;
}

function formsOf(error: ErrorObject): string {
  const branches = Array.isArray(error.schema) ? error.schema : [];
  const names = branches.map((branch: { required?: readonly string[] }) => branch.required?.join(' with '));
  const named = names.filter((name): name is string => name !== undefined && name !== '');
  return named.length === branches.length && named.length > 0 ? ` (${named.join(' | ')})` : '';
}

function choices(values: readonly unknown[]): string {
  const shown = values.map((value) => JSON.stringify(value));
  return shown.length === 1 ? String(shown[0]) : `one of ${shown.join(', ')}`;
}

export function escapePointer(segment: string): string {
  return /[~/]/.test(segment) ? segment.replaceAll('~', '~0').replaceAll('/', '~1') : segment;
}

const typeNames: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

const formatNames: Readonly<Record<string, string>> = {
  int32: 'a whole number of 32 bits',
  uint32: 'a whole number of 32 bits from 0 up',
  int64: 'a whole number',
  byte: 'base64',
  'date-time': 'a time such as 2026-01-31T12:00:00Z',
  duration: 'a duration such as 30s',
};
