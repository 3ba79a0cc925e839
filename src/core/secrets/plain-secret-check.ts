/** The last look at files before they leave: no object of kind Secret with values that anybody can read. */
import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml';
import type { Finding } from '../../domain/finding.ts';
import { plainLine } from '../plain-line.ts';
import { isObject, type JsonObject, maxAliases } from '../read-manifest.ts';
import { isSopsValue } from './sops-file.ts';

/** Whoever wrote the files: a template set, a person, a sealer; wherever in them the object is, as in a List. */
export function findPlainSecrets(files: ReadonlyMap<string, string>): readonly Finding[] {
  return [...files].flatMap(([path, text]) => (mayHoldSecret(text) ? findIn(path, text) : []));
}

/** Whether an object's values are all cipher text of sops, with what sops needs to open them. */
export function isSopsSecret(object: JsonObject): boolean {
  const { sops } = object;
  return isObject(sops) && typeof sops['mac'] === 'string' && plainFields(object).length === 0;
}

/** Few files can, and reading YAML takes time. The word may also be written with escapes, or behind a tag such as `!!binary`. */
function mayHoldSecret(text: string): boolean {
  return /(?<![A-Za-z])Secret(?:List)?(?![A-Za-z])|secretGenerator|\\|(?:^|[\s,[{:-])!\S/m.test(text);
}

/** As kubectl and kustomize read it: `<<` brings in the fields of another mapping. Other tags are not read at all. */
const schema = CORE_SCHEMA.withTags(mergeTag);

function findIn(path: string, text: string): readonly Finding[] {
  let documents: readonly unknown[];
  try {
    documents = loadAll(text, { schema, maxAliases });
  } catch {
    // A file that is no YAML is none of Kubernetes' either, unless its name says so.
    return /\.(?:ya?ml|json)$/.test(path) ? [finding(path, 'cannot be read, and may hold a Secret')] : [];
  }
  return documents.flatMap((document) => walk(path, document));
}

function walk(path: string, value: unknown): readonly Finding[] {
  if (Array.isArray(value)) return value.flatMap((item) => walk(path, item));
  if (!isObject(value)) return [];
  if (value['kind'] === 'SecretList') return walk(path, { ...value, kind: 'List', items: itemsOf(value) });
  const own = [
    ...(value['kind'] === 'Secret' && !isSopsSecret(value) ? plainFields(value) : []),
    ...(isObject(value) && 'secretGenerator' in value ? ['secretGenerator'] : []),
  ].map((field) => finding(path, `holds a Secret in plain (${field}); secrets never go into git in plain`));
  return [...own, ...Object.values(value).flatMap((inner) => walk(path, inner))];
}

/** What stands in a list of Secrets is a Secret, though it may not say so. */
function itemsOf({ items }: JsonObject): readonly unknown[] {
  return Array.isArray(items) ? items.map((item) => (isObject(item) ? { ...item, kind: 'Secret' } : item)) : [items];
}

/** `data` and `stringData`, as far as they can be read; not all of it may be there, so each value counts. */
function plainFields(object: JsonObject): readonly string[] {
  return ['data', 'stringData'].flatMap((field) => {
    const values = object[field];
    if (values === undefined || values === null) return [];
    if (!isObject(values)) return [field];
    return Object.entries(values)
      .filter(([, value]) => !isSopsValue(value))
      .map(([key]) => `${field}.${plainLine(key, 100)}`);
  });
}

function finding(path: string, message: string): Finding {
  return { path: plainLine(path), line: null, pointer: null, message };
}
