/** The house rules that a machine can keep: who may import whom, and how long things may grow. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../src');

/** Layer to the layers it may import; `types` may be imported as types only. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  domain: ['domain'],
  core: ['core', 'domain'],
  'ports.ts': ['domain'],
  git: ['git'],
  adapters: ['domain', 'core', 'ports.ts', 'git'],
  listener: ['listener', 'core', 'domain', 'ports.ts'],
  'control-plane': ['control-plane', 'domain'],
  cli: ['cli', 'listener', 'adapters', 'core', 'domain', 'ports.ts', 'git', 'control-plane'],
};

/** Packages that a pure layer may touch; a layer that is not listed may touch any. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  domain: ['zod'],
  core: ['zod', 'handlebars', 'yaml', 'js-yaml', 'ajv', 'diff', '@kubernetes/client-node'],
  'ports.ts': [],
};

const pure = new Set(['domain', 'core', 'ports.ts']);
const hashing = new Set(['createHash', 'createHmac', 'hkdfSync', 'timingSafeEqual']);
const limits = { file: 300, function: 50 };

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

const modules = files.map(readModule);

describe('every file', () => {
  it.each(modules)('$file imports only from the layers below, and ports as types', ({ file, layer, imports }) => {
    const allowed = mayImport[layer] ?? [];
    for (const found of imports.filter((one) => one.from.startsWith('.'))) {
      const target = relative(root, resolve(dirname(join(root, file)), found.from));
      const targetLayer = target.split('/')[0] ?? target;
      const isWithin = layer === 'adapters' && targetLayer === 'adapters' && isOneAdapter(file, target);
      expect(isWithin || allowed.includes(targetLayer), `${file} imports ${target}`).toBe(true);
      if (targetLayer === 'ports.ts') expect(found.typeOnly, `${file} imports ${target} as a value`).toBe(true);
    }
  });

  it.each(modules)('$file stays short, opens with a sentence about its role and exports by name', (found) => {
    const { file, text, program } = found;
    expect(text.split('\n').length - 1, `lines of ${file}`).toBeLessThanOrEqual(limits.file);
    for (const one of functionsOf(program, text))
      expect(one.lines, `${file}:${one.line}`).toBeLessThanOrEqual(limits.function);
    expect(text.replace(/^#!.*\n/, '')).toMatch(/^\/\*\*/);
    expect(text).not.toMatch(/^export default/m);
  });
});

describe('a layer with rules of its own', () => {
  const restricted = modules.filter(({ layer }) => layer in mayUse);

  it.each(restricted)('$file uses only the packages that its layer is allowed', ({ layer, imports }) => {
    const allowed = mayUse[layer] ?? [];
    const packages = imports.filter((one) => !one.from.startsWith('.') && !one.from.startsWith('node:'));
    expect(packages.map((one) => packageOf(one.from)).filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it.each(modules.filter(({ layer }) => pure.has(layer)))(
    '$file does no input or output',
    ({ file, text, imports }) => {
      for (const found of imports.filter((one) => one.from.startsWith('node:'))) {
        expect(found.from, file).toBe('node:crypto');
        expect(found.names.filter((name) => !hashing.has(name))).toEqual([]);
      }
      expect(text).not.toMatch(/\b(Date\.now\(|new Date\(\)|Math\.random\(|process\.|fetch\(|setTimeout\()/);
    },
  );
});

function readModule(file: string) {
  const path = join(root, file);
  const text = readFileSync(path, 'utf8');
  const { program, module } = parseSync(path, text);
  const imports = [
    ...module.staticImports.map((found) => ({
      from: found.moduleRequest.value,
      names: found.entries.map((entry) => entry.importName.name ?? entry.localName.value),
      typeOnly: found.entries.length > 0 && found.entries.every((entry) => entry.isType),
    })),
    ...module.staticExports.flatMap((found) =>
      found.entries.flatMap((entry) =>
        entry.moduleRequest ? [{ from: entry.moduleRequest.value, names: [], typeOnly: entry.isType }] : [],
      ),
    ),
  ];
  return { file, layer: file.split('/')[0] ?? file, text, program, imports };
}

/** Folders of `adapters` that every adapter may use. */
const shared = new Set(['files', 'http']);

/** A folder is one adapter; each forge is one of its own, and all share their HTTP client. */
function isOneAdapter(one: string, other: string): boolean {
  const [group, part] = placeOf(one);
  const [otherGroup, otherPart] = placeOf(other);
  if (shared.has(otherGroup)) return true;
  if (group === '' || group !== otherGroup) return false;
  return group !== 'forge' || part === otherPart || otherPart === 'http';
}

/** `adapters/forge/gitea/write.ts` is in forge, and there in gitea. */
function placeOf(file: string): readonly [string, string] {
  const [, group = '', part = ''] = file.split('/').slice(0, -1);
  return [group, part];
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function functionsOf(
  program: ReturnType<typeof parseSync>['program'],
  text: string,
): { line: number; lines: number }[] {
  const found: { line: number; lines: number }[] = [];
  const measure = (node: { start: number; end: number; body?: unknown }): void => {
    if (!node.body) return;
    const line = text.slice(0, node.start).split('\n').length;
    found.push({ line, lines: text.slice(node.start, node.end).split('\n').length });
  };
  new Visitor({
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(program);
  return found;
}
