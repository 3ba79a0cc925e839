/** Reads what the install tests look at: files under `templates`, whole or as YAML. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { AccessRule } from '../../src/core/required-access.ts';

export const root = join(import.meta.dirname, '../..');
export const packageVersion = (JSON.parse(read('package.json')) as { version: string }).version;

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Every document; throws where one is not YAML, or says a key twice. */
export function documents<T>(path: string): readonly T[] {
  return parseAllDocuments(read(path)).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw new Error(`${path}: ${problem.message}`);
    return document.toJS() as T;
  });
}

export function document<T>(path: string): T {
  const [one, ...more] = documents<T>(path);
  if (one === undefined || more.length > 0) throw new Error(`${path}: expected one document`);
  return one;
}

/** Files under a folder, as paths from the root, sorted. */
export function filesUnder(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** What a Role says for the rules that the listener asks for. */
export function policyRules(access: readonly AccessRule[]): readonly PolicyRule[] {
  return access.map(({ group, resources, verbs }) => ({ apiGroups: [group], resources, verbs }));
}
