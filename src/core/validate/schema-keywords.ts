/** The formats and keywords of Kubernetes schemas that JSON Schema does not bring along. */
import type { KeywordDefinition, Options, SchemaValidateFunction } from 'ajv';

const integer = (least: number, most: number) => ({
  type: 'number' as const,
  // A broken number is named by its type already.
  validate: (value: number) => !Number.isInteger(value) || (value >= least && value <= most),
});

/** The API server decodes into Go types; what overflows them is refused there, so here too. */
export const formats: NonNullable<Options['formats']> = {
  int32: integer(-2_147_483_648, 2_147_483_647),
  uint32: integer(0, 4_294_967_295),
  int64: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  double: true,
  float: true,
  byte: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/,
  duration: /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/,
};

/** `x-kubernetes-list-map-keys`: server-side apply refuses two items with the same key. */
export const duplicateKeys: KeywordDefinition = {
  keyword: 'x-kubernetes-list-map-keys',
  type: 'array',
  schemaType: 'array',
  errors: true,
  validate: findDuplicates,
};

function findDuplicates(...[keys, items]: [readonly string[], readonly unknown[]]): boolean {
  const report = findDuplicates as SchemaValidateFunction;
  report.errors = [];
  if (items.length < 2) return true;
  const seen = new Set<unknown>();
  for (const [index, item] of items.entries()) {
    if (typeof item !== 'object' || item === null) continue;
    const values = keys.map((name) => keyOf(name, item as Readonly<Record<string, unknown>>));
    const identity = values.length === 1 ? values[0] : JSON.stringify(values);
    if (seen.has(identity)) {
      const key = keys.map((name, at) => `${name} ${JSON.stringify(values[at])}`).join(', ');
      report.errors.push({ keyword: 'x-kubernetes-list-map-keys', params: { index, key }, message: `repeats ${key}` });
    }
    seen.add(identity);
  }
  return report.errors.length === 0;
}

/** Absent keys have the API's default: of all of them only the protocol has one that is not empty. */
function keyOf(name: string, item: Readonly<Record<string, unknown>>): unknown {
  return item[name] ?? (name === 'protocol' ? 'TCP' : null);
}
