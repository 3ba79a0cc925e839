/** Step 4, render, before the first deployment: a folder of texts becomes a set that can render, or one clear error. */
import { createHash } from 'node:crypto';
import { TowpathError } from '../../domain/failure.ts';
import { repoPath } from '../../domain/file-tree.ts';
import { compileValuesSchema } from '../values/schema.ts';
import { templateEngine } from './helpers.ts';
import type { CompiledTemplate, TemplateSet, TemplateSource } from './set.ts';
import type { TemplateFault } from './template-fault.ts';
import { rewriteTemplate } from './tree.ts';

const valuesSchemaFile = 'values.schema.json';
const templateName = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)?([a-z0-9]+)\.yaml\.hbs$/;
/** The name stands in commits and PROVENANCE: one word, and nothing that could be mistaken for more. */
const setName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** What a set may hold beside its templates; a README changes nothing that is rendered. */
const documentation = new Set(['README.md', 'LICENSE']);

/** Throws one terminal TowpathError that names every fault with its file and line. */
export function compileTemplateSet(source: TemplateSource): TemplateSet {
  const faults: string[] = [];
  const files = [...source.files]
    .filter(([file]) => !documentation.has(file))
    .map(([file, text]) => [file, text.replaceAll('\r\n', '\n')] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const compiled = files
    .filter(([file]) => file !== valuesSchemaFile)
    .map(([file, text]) => compileTemplate(file, text, faults));
  const schema = files.find(([file]) => file === valuesSchemaFile);
  const checkValues = schema ? compileValuesSchema(valuesSchemaFile, schema[1], faults) : () => [];
  if (!setName.test(source.name)) faults.push('its name may hold letters, digits, "-", "_" and "." only');
  if (compiled.length === 0) faults.push('it holds no template (<component>.<kind>.yaml.hbs)');
  if (faults.length > 0) throw invalidSet(source, faults);
  const templates = compiled.filter((template) => template !== null);
  return { name: source.name, origin: source.origin, digest: digestOf(files), templates, checkValues };
}

function compileTemplate(file: string, text: string, faults: string[]): CompiledTemplate | null {
  const found: TemplateFault[] = [];
  const kind = templateName.exec(file)?.[1];
  if (kind === undefined || kind === 'kustomization') {
    const why = kind ? 'Towpath writes the kustomization itself' : 'not a name that a set may hold';
    faults.push(`${file}: ${why}; expected <component>.<kind>.yaml.hbs, ${valuesSchemaFile} or README.md`);
    return null;
  }
  checkKind(kind, text, found);
  const render = compileText(text, found);
  faults.push(...found.map((fault) => `${file}:${fault.line}: ${fault.message}`));
  return { file, output: repoPath(file.slice(0, -'.hbs'.length)), render };
}

function compileText(text: string, faults: TemplateFault[]): (values: unknown) => string {
  const engine = templateEngine();
  try {
    const tree = rewriteTemplate(engine.parse(text), text, faults);
    const knownHelpers = Object.fromEntries(Object.keys(engine.helpers).map((name) => [name, true]));
    const options = { knownHelpers, knownHelpersOnly: true, noEscape: true, preventIndent: true } as CompileOptions;
    if (faults.length === 0) engine.precompile(tree, options); // compile() itself waits for the first rendering
    const render = engine.compile(tree, options);
    return (values) => oneText(render(values));
  } catch (error) {
    faults.push({ line: faultLine(error), message: faultText(error) });
    return () => '';
  }
}

/** The file's name tells the reviewer what is in it, so it must not lie. */
function checkKind(kind: string, text: string, faults: TemplateFault[]): void {
  const lines = text.split('\n');
  const index = lines.findIndex((line) => /^kind:/.test(line));
  const said = /^kind: ([A-Za-z0-9]+)$/.exec(lines[index]?.trimEnd() ?? '')?.[1];
  if (said?.toLowerCase() === kind) return;
  const message = `expected a line "kind: <Kind>" that agrees with the file's name ("${kind}" in lower case)`;
  faults.push({ line: Math.max(index, 0) + 1, message });
}

/** White space only means "no file"; otherwise one final newline. */
function oneText(text: string): string {
  const trimmed = text.replace(/^(?:[ \t]*\n)+/, '').trimEnd();
  return trimmed === '' ? '' : `${trimmed}\n`;
}

function digestOf(files: readonly (readonly [string, string])[]): string {
  const hash = createHash('sha256');
  for (const [file, text] of files) {
    hash.update(`${file}\0${Buffer.byteLength(text)}\0`).update(text);
  }
  return `sha256:${hash.digest('hex')}`;
}

function invalidSet(source: TemplateSource, faults: readonly string[]): TowpathError {
  const list = faults.length === 1 ? ` ${faults[0]}` : `\n${faults.map((fault) => `  ${fault}`).join('\n')}`;
  return new TowpathError('terminal', 'InvalidTemplates', `Cannot use the templates in ${source.origin}:${list}`);
}

/** Handlebars says "Parse error on line 3:" and more lines with the text and a pointer. */
export function faultLine(error: unknown): number {
  const found = /line (\d+)|- (\d+):\d+/.exec(error instanceof Error ? error.message : '');
  return Number(found?.[1] ?? found?.[2] ?? 1);
}

/** What Handlebars says, without the picture of the place. */
export function faultText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const lines = error.message.split('\n');
  const expecting = lines.find((line) => line.startsWith('Expecting'));
  return expecting ? `the template's syntax is broken: ${expecting}` : (lines[0] ?? error.message);
}
