/** Titles and bodies by users' own Handlebars templates: every value is made safe before they see it. */
import Handlebars from 'handlebars';
import { TowpathError } from '../../domain/failure.ts';
import { plainLine } from '../plain-line.ts';
import { faultLine, faultText } from '../template/compile.ts';
import { blockHelpers, expressionHelpers, TemplateProblem, templateEngine } from '../template/helpers.ts';
import type { ReviewedChange, ToldChange } from './change.ts';
import { cutLines } from './sections.ts';
import { bodyVariables, type TemplateValue, titleVariables } from './variables.ts';

const titleLimit = 200;

/** One line of at most 200 characters; empty where the template says nothing. */
export function renderTitle(template: string, change: ReviewedChange, told: ToldChange): string {
  const text = rendered('publication.titleTemplateFile', template, titleVariables(change, told));
  const line = text.replace(/\s+/g, ' ').trim();
  return [...line].length <= titleLimit ? line : `${[...line].slice(0, titleLimit - 1).join('')}…`;
}

export function renderBody(template: string, change: ReviewedChange, told: ToldChange, limit: number): string {
  const text = rendered('publication.bodyTemplateFile', template, bodyVariables(change, told));
  return cutLines(`${text.replaceAll('\r\n', '\n').trimEnd()}\n`, limit);
}

function rendered(option: string, template: string, variables: TemplateValue): string {
  const engine = templateEngine();
  try {
    const tree = engine.parse(template);
    refuseStrangers(tree);
    const knownHelpers = Object.fromEntries(Object.keys(engine.helpers).map((name) => [name, true]));
    const options = { knownHelpers, knownHelpersOnly: true, noEscape: true, strict: true } as CompileOptions;
    return engine.compile(tree, options)(variables);
  } catch (error) {
    throw unusable(option, error);
  }
}

/** Partials and decorators have nothing to come from, and a wrong name must be told with its line. */
function refuseStrangers(tree: hbs.AST.Program): void {
  const { prototype } = Handlebars.Visitor;
  const partial = (node: hbs.AST.Node): void => refuse(node, 'partials ({{> …}}) are not known here');
  const decorator = (node: hbs.AST.Node): void => refuse(node, 'decorators ({{* …}}) are not known here');
  const visitor: Handlebars.Visitor = Object.assign(new Handlebars.Visitor(), {
    PartialStatement: partial,
    PartialBlockStatement: partial,
    Decorator: decorator,
    DecoratorBlock: decorator,
    MustacheStatement(node: hbs.AST.MustacheStatement) {
      if (node.params.length > 0) checkHelper(node, node.path, expressionHelpers);
      prototype.MustacheStatement.call(visitor, node);
    },
    SubExpression(node: hbs.AST.SubExpression) {
      checkHelper(node, node.path, expressionHelpers);
      prototype.SubExpression.call(visitor, node);
    },
    BlockStatement(node: hbs.AST.BlockStatement) {
      checkHelper(node, node.path, blockHelpers);
      prototype.BlockStatement.call(visitor, node);
    },
    PathExpression(node: hbs.AST.PathExpression) {
      const inherited = node.parts.find((part) => part in Object.prototype);
      if (inherited !== undefined) refuse(node, `there is no value "${inherited}"`);
    },
  });
  visitor.accept(tree);
}

function checkHelper(node: hbs.AST.Node, path: hbs.AST.Node, known: { has(name: string): boolean }): void {
  const name = 'original' in path ? String(path.original) : path.type;
  if (known.has(name)) return;
  const helpers = [...[...blockHelpers].map((one) => `#${one}`), ...expressionHelpers.keys()];
  refuse(node, `unknown helper "${name}"; known are ${helpers.join(', ')}`);
}

function refuse(node: hbs.AST.Node, message: string): never {
  throw new TemplateProblem(node.loc.start.line, message);
}

function unusable(option: string, error: unknown): TowpathError {
  const line = error instanceof TemplateProblem ? error.line : faultLine(error);
  const message = `Cannot use ${option}, line ${line}: ${whyNot(error)}`;
  return new TowpathError('terminal', 'InvalidTemplates', message, { cause: error });
}

function whyNot(error: unknown): string {
  const text = plainLine(faultText(error), 300).replace(/ - \d+:\d+$/, '');
  const missing = /^"(.*)" not defined in (.*)$/.exec(text);
  if (!missing) return text;
  const isNull = missing[2] === 'null';
  const cure = isNull
    ? 'what it would be of is not always there; put {{#if …}} around it'
    : 'the README lists them all';
  return `there is no value "${missing[1]}": ${cure}`;
}
