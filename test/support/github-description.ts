/** Holds requests and answers to GitHub's published description of its REST API (`test/fixtures/github`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type AnySchema } from 'ajv';
import type { ForgeAnswer, ForgeCall } from './forge-server.ts';

type Json = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: AnySchema;
}

interface Operation {
  readonly parameters: readonly Parameter[];
  readonly request: Json | null;
  /** By status; null: without a body, or of no described shape. */
  readonly answers: Readonly<Record<string, Json | null>>;
}

interface Description {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly schemas: Readonly<Record<string, AnySchema>>;
}

const folder = join(import.meta.dirname, '../fixtures/github/schemas');

export function describedIn(file: 'rest.json' | 'webhooks.json'): Json {
  return plainSchema(JSON.parse(readFileSync(join(folder, file), 'utf8'))) as Json;
}

export function ajvOver(schemas: unknown): Ajv {
  const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
  const formats = { 'date-time': date, email: true, int64: true, 'repo.nwo': /^[^/]+\/[^/]+$/ } as const;
  const ajv = new Ajv({ allErrors: true, strict: false, coerceTypes: false, formats });
  ajv.addSchema({ $id: 'github', components: { schemas } });
  return ajv;
}

/** OpenAPI 3.0 says `nullable`, which JSON Schema does not know; its references are turned to the one document. */
function plainSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainSchema);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = value as Json;
  const plain = Object.fromEntries(
    Object.entries(rest).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? inner.replace(/^#/, 'github#') : plainSchema(inner),
    ]),
  );
  return nullable === true ? { anyOf: [plain, { type: 'null' }] } : plain;
}

const description = describedIn('rest.json') as unknown as Description;
const ajv = ajvOver(description.schemas);
const operations = Object.entries(description.operations).map(([line, operation]) => {
  const [method = '', path = ''] = line.split(' ');
  return { line, method, pattern: patternOf(path), operation };
});

/** A branch and a ref may hold slashes; nothing else may. */
function patternOf(path: string): RegExp {
  const source = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    ['ref', 'branch', 'basehead'].includes(name) ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`,
  );
  return new RegExp(`^(?:/api/v3)?${source}$`);
}

/** All that does not fit; empty: it fits. `path` is that of `/repos/<owner>/<name>`, not that by the id. */
export function misfits(call: ForgeCall, path: string, answer: ForgeAnswer): readonly string[] {
  const found = operations
    .map((each) => ({ ...each, caught: each.method === call.method ? each.pattern.exec(path) : null }))
    .filter(({ caught }) => caught !== null)
    .toSorted((one, other) => other.line.length - one.line.length)[0];
  if (!found) return [`${call.method} ${path}: GitHub describes no such operation`];
  const { line, operation, caught } = found;
  const problems = [
    ...headerProblems(call),
    ...parameterProblems(operation, caught?.groups ?? {}, call.query),
    ...requestProblems(operation, call),
    ...answerProblems(operation, answer),
  ];
  return problems.map((problem) => `${line}: ${problem}`);
}

function headerProblems({ headers }: ForgeCall): readonly string[] {
  const wanted = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' };
  const wrong = Object.entries(wanted).filter(([name, value]) => headers[name] !== value);
  return [...wrong.map(([name]) => name), ...(headers['user-agent'] ? [] : ['user-agent'])].map(
    (name) => `the request lacks the header ${name}`,
  );
}

function parameterProblems(
  { parameters }: Operation,
  caught: Readonly<Record<string, string>>,
  query: URLSearchParams,
): readonly string[] {
  const given = new Map<string, string>([
    ...Object.entries(caught).map(([name, value]) => [`path ${name}`, decodeURIComponent(value)] as const),
    ...[...query].map(([name, value]) => [`query ${name}`, value] as const),
  ]);
  const known = new Map(parameters.map((each) => [`${each.in} ${each.name}`, each]));
  const unknown = [...given.keys()].filter((name) => !known.has(name)).map((name) => `it has no ${name}`);
  const wrong = [...known].flatMap(([name, { required, schema }]) => {
    const value = given.get(name);
    if (value === undefined) return required ? [`it lacks ${name}`] : [];
    return said(name, schema, /^\d+$/.test(value) && !fits({ type: 'string' }, schema) ? Number(value) : value);
  });
  const size = Number(query.get('per_page') ?? 1);
  return [...unknown, ...wrong, ...(size > 100 ? ['more than 100 a page are not given'] : [])];
}

/** Whether a parameter is text. */
function fits({ type }: { readonly type: string }, schema: AnySchema): boolean {
  return typeof schema === 'object' && (schema as Json)['type'] === type;
}

function requestProblems({ request }: Operation, { body, method }: ForgeCall): readonly string[] {
  if (request === null || method === 'GET') {
    return Object.keys(body).map((name) => `the request has ${name}, and nothing is read of it`);
  }
  const names = propertiesOf(request);
  const unknown = Object.keys(body).filter((name) => !names.has(name));
  return [
    ...unknown.map((name) => `the request has ${name}, which is not described`),
    ...said('request', request, body),
  ];
}

function propertiesOf(schema: Json): ReadonlySet<string> {
  const parts = ['oneOf', 'anyOf', 'allOf'].flatMap((name) => (schema[name] ?? []) as readonly Json[]);
  const own = Object.keys((schema['properties'] ?? {}) as Json);
  return new Set([...own, ...parts.flatMap((part) => [...propertiesOf(part)])]);
}

const anyFailure = { $ref: 'github#/components/schemas/basic-error', required: ['message'] };

/** What the description does not list may still come from in front of an endpoint: tokens, limits, redirects, ill health. */
function answerProblems({ answers }: Operation, { status, body, headers }: ForgeAnswer): readonly string[] {
  if (typeof body === 'string' || status === 304) return [];
  const name = `answer ${status}`;
  const schema = answers[status];
  if (schema) return said(name, schema, body ?? null);
  if (status < 300) return status in answers && body === undefined ? [] : [`${name} is not described`];
  if (status < 400 && !headers?.['location']) return [`${name} says no location`];
  return said(name, anyFailure, body ?? null);
}

function said(name: string, schema: AnySchema, value: unknown): readonly string[] {
  const validate = ajv.compile(schema);
  if (validate(value)) return [];
  return (validate.errors ?? [])
    .slice(0, 6)
    .map(({ instancePath, message, params }) => `${name}${instancePath} ${message} ${JSON.stringify(params)}`);
}
