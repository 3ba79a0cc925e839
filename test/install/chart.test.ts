/** The Helm chart, as far as it can be judged without Helm; test/e2e/install.test.ts renders it. */
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configurationJsonSchema } from '../../src/cli/configuration/json-schema.ts';
import { checkConfiguration } from '../../src/cli/configuration/load.ts';
import * as access from '../../src/core/required-access.ts';
import { document, filesUnder, packageVersion, read } from './files.ts';

const chart = 'templates/install/chart';
const examples = filesUnder(`${chart}/examples`);

interface Values {
  readonly listener: { readonly enabled?: boolean; readonly config: Readonly<Record<string, unknown>> };
}

const defaults = document<Values>(`${chart}/values.yaml`);
const schema = JSON.parse(read(`${chart}/values.schema.json`)) as Schema;
const accepts = new Ajv({ strict: true, strictTypes: false, allErrors: true }).compile(schema);

describe('the chart', () => {
  it('has the version of the package, twice', () => {
    expect(document(`${chart}/Chart.yaml`)).toMatchObject({ version: packageVersion, appVersion: packageVersion });
  });

  it('asks for the rights that the listener needs, no more and no less', () => {
    expect(document(`${chart}/files/access.yaml`)).toEqual({
      servedNamespace: access.servedNamespaceAccess,
      argoCd: access.argoCdAccess,
      flux: access.fluxAccess,
      leaderElection: access.leaderElectionAccess,
    });
  });

  it('can switch off the rights that are optional, and no others', () => {
    const optional = access.servedNamespaceAccess.filter((rule) => rule.optional).flatMap((rule) => rule.resources);

    expect(defaults).toHaveProperty('listener.rbac.optional', Object.fromEntries(optional.map((one) => [one, true])));
  });

  it('brings the dashboard and the alert rules as they are', () => {
    for (const file of ['dashboard.json', 'alerts.yaml']) {
      expect(read(`${chart}/files/${file}`)).toBe(read(`templates/monitoring/${file}`));
    }
  });
});

describe('its schema of values', () => {
  it('accepts the defaults', () => {
    expect(accepts(defaults), JSON.stringify(accepts.errors)).toBe(true);
  });

  it.each(examples)('accepts %s on top of them', (example) => {
    const values = merge(defaults, document<Values>(example));

    expect(accepts(values), JSON.stringify(accepts.errors)).toBe(true);
  });

  it.each([
    ['an unknown option', { listener: { replica: 3 } }],
    ['an unknown part', { listner: {} }],
    ['a text where a number belongs', { controlPlane: { replicas: '2' } }],
    ['a secret as text', { controlPlane: { adminKey: 'secret' } }],
    ['an unknown engine', { listener: { config: { namespaces: { a: { repository: 'x', engine: 'argo' } } } } }],
    ['an unknown part of the configuration', { listener: { config: { namespace: {} } } }],
    ['webhooks without a port', { listener: { config: { webhooks: { host: '0.0.0.0' } } } }],
    ['a folder that no pod can mount', { listener: { config: { listener: { dataFolder: 'data' } } } }],
  ])('refuses %s', (_, wrong) => {
    expect(accepts(merge(defaults, wrong))).toBe(false);
  });

  it('describes every value that there is, and none that is not', () => {
    expect(undescribed(defaults, schema)).toEqual([]);
    expect(unsaid(defaults, schema)).toEqual(['global']);
  });

  it('knows the parts of the configuration, and the engines', () => {
    const { properties } = configurationJsonSchema() as unknown as Schema;
    const known = at(schema, 'listener', 'config');

    expect(Object.keys(known.properties ?? {}).sort()).toEqual(Object.keys(properties ?? {}).sort());
    expect(at(namespaceOf(known), 'engine').enum).toEqual(at(namespaceOf({ properties }), 'engine').enum);
  });
});

describe('the configuration in values', () => {
  it.each(examples.filter((one) => document<Values>(one).listener.enabled !== false))('is valid in %s', (example) => {
    const { config } = merge(defaults, document<Values>(example)).listener;

    expect(checkConfiguration(JSON.stringify(config), example)).toMatchObject({ kind: 'valid' });
  });

  it('is valid where the README of the chart shows one, and with all that it shows later', () => {
    const shown = [...read(`${chart}/README.md`).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
    const values = shown.reduce((under, text) => merge(under, parse(text)), defaults);
    const { config } = values.listener;

    expect(shown).toHaveLength(2);
    expect(shown[0]).toContain('# listener.yaml\n');
    expect(accepts(values), JSON.stringify(accepts.errors)).toBe(true);
    expect(checkConfiguration(JSON.stringify(config), 'README.md')).toMatchObject({ kind: 'valid' });
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly string[];
}

function at(schema: Schema, ...path: readonly string[]): Schema {
  const [first, ...rest] = path;
  if (first === undefined) return schema;
  const inner = schema.properties?.[first];
  if (!inner) throw new Error(`The schema lacks ${first}`);
  return at(inner, ...rest);
}

function namespaceOf(configuration: Schema): Schema {
  const { additionalProperties } = at(configuration, 'namespaces');
  if (typeof additionalProperties !== 'object') throw new Error('The schema does not describe namespaces');
  return additionalProperties;
}

/** As Helm lays values over the defaults: maps are merged, null takes a key away, all else takes the old one's place. */
function merge<T>(under: T, over: unknown): T {
  if (!isMap(under) || !isMap(over)) return over as T;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete merged[key];
    else merged[key] = key in merged ? merge(merged[key], value) : value;
  }
  return merged as T;
}

/** Paths of values that the schema says nothing of. The configuration has a schema of its own. */
function undescribed(value: unknown, schema: Schema | undefined, path = ''): readonly string[] {
  if (schema === undefined) return [path];
  if (!isMap(value) || !schema.properties || path === 'listener.config') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    undescribed(inner, schema.properties?.[key], path ? `${path}.${key}` : key),
  );
}

/** Paths that the schema allows and that have no default to read about. */
function unsaid(value: unknown, schema: Schema, path = ''): readonly string[] {
  if (path === 'listener.config' || !schema.properties) return [];
  if (!isMap(value)) return [path];
  return Object.entries(schema.properties).flatMap(([key, inner]) => {
    const inside = path ? `${path}.${key}` : key;
    return key in value ? unsaid(value[key], inner, inside) : [inside];
  });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
