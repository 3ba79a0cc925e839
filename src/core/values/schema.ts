/** The set's own schema of values: what its templates expect, checked before anything is rendered. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { LineCounter, parseDocument } from 'yaml';
import type { Finding } from '../../domain/finding.ts';

/** A function that lists what is wrong with values; faults of the schema itself are added to `faults`. */
export function compileValuesSchema(
  file: string,
  text: string,
  faults: string[],
): (values: unknown) => readonly Finding[] {
  try {
    const validate = new Ajv2020({
      allErrors: true,
      strict: true,
      strictRequired: false,
      allowUnionTypes: true,
    }).compile(JSON.parse(text));
    return (values) => findingsOf(validate, values, file, text);
  } catch (error) {
    faults.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return () => [];
  }
}

function findingsOf(validate: ValidateFunction, values: unknown, file: string, text: string): Finding[] {
  if (validate(values)) return [];
  const lines = schemaLines(text);
  return (validate.errors ?? []).map((error) => ({
    path: file,
    line: lines(error.schemaPath),
    pointer: null,
    message: `the value "${dotted(error)}" ${error.message ?? 'is not valid'}${details(error)}`,
  }));
}

/** JSON is YAML, and the YAML reader knows where things stand. */
function schemaLines(text: string): (schemaPath: string) => number | null {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  return (schemaPath) => {
    const segments = schemaPath.replace(/^#\//, '').split('/').map(unescapePointer);
    for (let length = segments.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(segments.slice(0, length), true);
      const start = isRanged(node) ? node.range[0] : null;
      if (start !== null) return counter.linePos(start).line;
    }
    return null;
  };
}

function isRanged(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}

function unescapePointer(segment: string): string {
  return decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~');
}

function dotted(error: ErrorObject): string {
  const missing = error.keyword === 'required' ? `/${error.params['missingProperty']}` : '';
  return `${error.instancePath}${missing}`.slice(1).replaceAll('/', '.') || 'values';
}

function details(error: ErrorObject): string {
  if (error.keyword === 'enum') return `: ${error.params['allowedValues'].join(', ')}`;
  if (error.keyword === 'additionalProperties') return `: ${error.params['additionalProperty']}`;
  return '';
}
