/** The OpenAPI document: a bound on all that a request may hold, patterns that every generator reads, and every answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type TestDatabases, testDatabases } from '../support/database.ts';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document is looked through
type Json = any;

describe('the OpenAPI document', () => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let document: Json;

  beforeAll(async () => {
    databases = await testDatabases('PGlite');
    plane = await testControlPlane(await databases.location());
    document = await (await plane.app.request('/openapi.json')).json();
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  it('bounds every string, list, map and number of a request, and the body as a whole', () => {
    const unbounded = operations(document).flatMap(({ name, operation }) => [
      ...(operation.parameters ?? []).flatMap((one: Json) => open(document, one.schema, `${name} ${one.name}`)),
      ...open(document, operation.requestBody?.content['application/json'].schema, name),
      ...(operation.requestBody === undefined || operation.requestBody['x-max-bytes'] > 0 ? [] : [`${name}: bytes`]),
    ]);

    expect(unbounded).toEqual([]);
  });

  it('says of every answer that lists how long it can be', () => {
    const lists = operations(document).filter(({ operation }) => listsThings(document, operation.responses['200']));
    const unsaid = lists.filter(({ operation }) => !(operation.responses['200']['x-max-bytes'] > 0));

    expect(lists.length).toBeGreaterThan(10);
    expect(unsaid.map(({ name }) => name)).toEqual([]);
  });

  it('writes patterns that any generator reads', () => {
    const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text]) => JSON.parse(text ?? '') as string,
    );

    expect(patterns.length).toBeGreaterThan(5);
    expect(patterns.filter((pattern) => /^\/|\\p\{|\/[a-z]*$/.test(pattern))).toEqual([]);
    for (const pattern of patterns) expect(() => new RegExp(pattern, 'u'), pattern).not.toThrow();
  });

  it('names every refusal that a call can answer', () => {
    const missing = operations(document).flatMap(({ name, operation }) => {
      const has = (code: string) => operation.responses[code] !== undefined;
      return [
        ...(operation.security === undefined || has('401') ? [] : [`${name}: 401`]),
        ...(operation.security === undefined || has('403') ? [] : [`${name}: 403`]),
        ...(!operation.parameters?.length || has('422') ? [] : [`${name}: 422`]),
        ...(!operation.requestBody || ['413', '415', '422'].every(has) ? [] : [`${name}: 413, 415 or 422`]),
        ...(!/\{[a-z_]+\}/.test(name) || has('404') ? [] : [`${name}: 404`]),
      ];
    });

    expect(missing).toEqual([]);
  });
});

interface Named {
  readonly name: string;
  readonly operation: Json;
}

function operations(document: Json): Named[] {
  return Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
}

/** What a deployment consists of is no list: its parts have bounds of their own. */
const oneThing = ['Deployment', 'Specification'];

/** Whether an answer is, above all, a list of objects. */
function listsThings(document: Json, response: Json): boolean {
  const { $ref: reference = '', ...schema } = response?.content?.['application/json'].schema ?? {};
  const name = reference.split('/').at(-1);
  if (oneThing.includes(name)) return false;
  const { properties = {} } = name === '' ? schema : document.components.schemas[name];
  return Object.values<Json>(properties).some(
    ({ type, items }) => [type].flat().includes('array') && !items.type?.includes('string'),
  );
}

/** Where something has no bound. A schema that says nothing stands for any JSON; the body's bounds are its own. */
function open(document: Json, schema: Json, at: string, known: readonly Json[] = []): string[] {
  if (schema === undefined || known.includes(schema)) return [];
  const path = [...known, schema];
  if (schema.$ref !== undefined) {
    return open(document, document.components.schemas[schema.$ref.split('/').at(-1)], at, path);
  }
  const nested = ['allOf', 'anyOf', 'oneOf'].flatMap((word) => schema[word] ?? []);
  const types = [schema.type].flat();
  return [
    ...nested.flatMap((one: Json) => open(document, one, at, path)),
    ...(types.includes('string') && !isBoundedText(schema) ? [`${at}: string`] : []),
    ...(['number', 'integer'].some((type) => types.includes(type)) && schema.maximum === undefined
      ? [`${at}: number`]
      : []),
    ...(types.includes('array') && schema.maxItems === undefined ? [`${at}: array`] : []),
    ...(typeof schema.additionalProperties === 'object' && schema.maxProperties === undefined ? [`${at}: map`] : []),
    ...open(document, schema.items, `${at}[]`, path),
    ...open(document, schema.propertyNames, `${at} names`, path),
    ...(typeof schema.additionalProperties === 'object'
      ? open(document, schema.additionalProperties, `${at}{}`, path)
      : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, one]) => open(document, one, `${at}.${key}`, path)),
  ];
}

/** A format or a pattern that begins, ends and repeats within bounds is one, too. */
function isBoundedText({ maxLength, enum: words, const: word, format }: Json): boolean {
  return [maxLength, words, word].some((bound) => bound !== undefined) || format === 'uuid';
}
