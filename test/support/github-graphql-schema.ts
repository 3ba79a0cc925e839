/** GitHub's published GraphQL schema, and whether documents, variables and answers fit it (`test/fixtures/github`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, executeSync, GraphQLError, GraphQLScalarType, parse, validate } from 'graphql';
import type { ForgeAnswer, ForgeCall } from './forge-server.ts';

export const githubSchema = buildSchema(
  readFileSync(join(import.meta.dirname, '../fixtures/github/schemas/schema.graphql'), 'utf8'),
);

/** GitHub's own scalars, which would take anything. */
const scalars: Readonly<Record<string, RegExp>> = {
  GitObjectID: /^[0-9a-f]{40}$/,
  GitRefname: /^refs\/\S+$/,
  Base64String: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
};
for (const [name, pattern] of Object.entries(scalars)) {
  const type = githubSchema.getType(name);
  if (!(type instanceof GraphQLScalarType)) throw new RangeError(`GitHub has no scalar ${name}`);
  const checked = (value: unknown): string => {
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new TypeError(`${name} cannot represent ${JSON.stringify(value)}`);
  };
  Object.assign(type, { parseValue: checked, serialize: checked });
}

/** The document is run over the answer's own data: what has another shape cannot be completed. */
export function graphqlMisfits({ body, headers }: ForgeCall, answer: ForgeAnswer): readonly string[] {
  const unknown = Object.keys(body).filter((name) => !['query', 'variables', 'operationName'].includes(name));
  const problems = unknown.map((name) => `the request has ${name}`);
  if (!headers['user-agent']) problems.push('the request lacks the header user-agent');
  try {
    const document = parse(String(body['query']));
    const invalid = validate(githubSchema, document);
    if (invalid.length > 0) return [...problems, ...invalid.map(({ message }) => `GraphQL: ${message}`)];
    const { data, errors } = (typeof answer.body === 'object' ? answer.body : {}) as Record<string, unknown>;
    const variableValues = body['variables'] as Readonly<Record<string, unknown>>;
    const run = executeSync({ schema: githubSchema, document, variableValues, rootValue: data ?? {} });
    problems.push(...(run.errors ?? []).map(({ message }) => `GraphQL: ${message}`), ...errorProblems(errors));
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    problems.push(`GraphQL: ${error.message}`);
  }
  return problems;
}

function errorProblems(errors: unknown): readonly string[] {
  if (errors === undefined) return [];
  const isGood =
    Array.isArray(errors) && errors.length > 0 && errors.every((each) => typeof each?.message === 'string');
  return isGood ? [] : [`GraphQL: errors are a list with messages, not ${JSON.stringify(errors)}`];
}
