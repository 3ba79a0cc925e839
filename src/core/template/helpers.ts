/** What a template may call: four blocks, two ways to write a value, two ways to compute one. */
import Handlebars from 'handlebars';
import { UnwritableValue, yamlBlock, yamlFlow, yamlKey, yamlScalar } from './yaml-text.ts';

/** A value that a template asks for and cannot have; `line` is the template's. */
export class TemplateProblem extends Error {
  override readonly name = 'TemplateProblem';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Names that authors write: blocks as `{{#each list}}`, expressions as `(eq a b)`, `structure` alone on its line. */
export const blockHelpers: ReadonlySet<string> = new Set(['if', 'unless', 'each', 'with']);
export const expressionHelpers: ReadonlyMap<string, { readonly least: number; readonly most: number }> = new Map([
  ['concat', { least: 1, most: Number.POSITIVE_INFINITY }],
  ['eq', { least: 2, most: 2 }],
]);
export const structureHelper = 'structure';

/** The helpers that the compiler puts around what authors wrote; their names cannot be written in a template. */
export const inserted = { need: '=need', scalar: '=scalar', key: '=key', block: '=block', flow: '=flow' } as const;

/** An engine of its own: nothing that others register reaches our templates. */
export function templateEngine(): typeof Handlebars {
  const engine = Handlebars.create();
  for (const name of Object.keys(engine.helpers)) engine.unregisterHelper(name);
  engine.registerHelper('if', ifHelper);
  engine.registerHelper('unless', unlessHelper);
  engine.registerHelper('each', eachHelper);
  engine.registerHelper('with', withHelper);
  engine.registerHelper('eq', (one: unknown, other: unknown) => one === other);
  engine.registerHelper('concat', concatHelper);
  engine.registerHelper(inserted.need, need);
  engine.registerHelper(inserted.scalar, (value: unknown, name: string, line: number) =>
    written(name, line, () => yamlScalar(value)),
  );
  engine.registerHelper(inserted.key, (value: unknown, name: string, line: number) =>
    written(name, line, () => yamlKey(value)),
  );
  engine.registerHelper(inserted.block, (value: unknown, name: string, line: number, indent: number) =>
    written(name, line, () => yamlBlock(structured(value), indent)),
  );
  engine.registerHelper(inserted.flow, (value: unknown, name: string, line: number) =>
    written(name, line, () => yamlFlow(structured(value))),
  );
  return engine;
}

/** Handlebars tells each helper where it was called. */
type Call = { readonly loc: hbs.AST.SourceLocation };
type Block = Handlebars.HelperOptions & Call;

function ifHelper(this: unknown, condition: unknown, options: Block): string {
  return isTruthy(condition) ? options.fn(this) : options.inverse(this);
}

function unlessHelper(this: unknown, condition: unknown, options: Block): string {
  return isTruthy(condition) ? options.inverse(this) : options.fn(this);
}

function withHelper(this: unknown, value: unknown, options: Block): string {
  if (!isTruthy(value)) return options.inverse(this);
  return options.fn(value, { data: options.data, blockParams: [value] });
}

function eachHelper(this: unknown, list: unknown, options: Block): string {
  if (list !== null && typeof list !== 'object') {
    throw new TemplateProblem(options.loc.start.line, '"each" needs a list or a structure');
  }
  const entries = Object.entries(list ?? {});
  // As in a structure: whatever order a store has handed its keys out in, the text is the same.
  if (!Array.isArray(list)) entries.sort(([one], [other]) => (one < other ? -1 : 1));
  if (entries.length === 0) return options.inverse(this);
  const data = Handlebars.createFrame(options.data);
  let text = '';
  entries.forEach(([key, value], index) => {
    Object.assign(data, { key, index, first: index === 0, last: index === entries.length - 1 });
    text += options.fn(value, { data, blockParams: [value, key] });
  });
  return text;
}

function concatHelper(...parts: unknown[]): string {
  const { loc } = parts.at(-1) as Call;
  return parts
    .slice(0, -1)
    .map((part) => {
      if (typeof part === 'string' || typeof part === 'number') return part;
      throw new TemplateProblem(loc.start.line, '"concat" takes texts and numbers only');
    })
    .join('');
}

/** Handlebars renders what is missing as nothing; here it is an error, also as the argument of a helper. */
function need(value: unknown, name: string, line: number): unknown {
  if (value === undefined) throw new TemplateProblem(line, `there is no value "${name}"`);
  return value;
}

function written(name: string, line: number, write: () => string): string {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof UnwritableValue)) throw error;
    throw new TemplateProblem(line, `cannot write "${name}": ${error.message}`);
  }
}

function structured(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return value;
  throw new UnwritableValue('"structure" needs a list or a structure');
}

/** Null, false, the empty text, the empty list and the empty structure are "no"; zero is a number like any other. */
function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== null && value !== undefined && value !== false && value !== '';
}
