import { describe, expect, it } from 'vitest';
import { compileTemplateSet } from '../../src/core/template/compile.ts';
import { renderDeployment } from '../../src/core/template/render.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { renderInput } from './support/render-input.ts';

const head = 'apiVersion: v1\nkind: ConfigMap\n';

function compile(files: Readonly<Record<string, string>>) {
  return compileTemplateSet({ name: 'own', origin: '/own', files: new Map(Object.entries(files)) });
}

/** Renders one template whose body begins on line 3. */
function renderBody(body: string): string {
  const files = renderDeployment(compile({ 'x.configmap.yaml.hbs': `${head}${body}\n` }), renderInput());
  return new Map<string, string>(files).get('x.configmap.yaml') ?? '';
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(TowpathError);
    expect((error as TowpathError).kind).toBe('terminal');
    return (error as TowpathError).message;
  }
  throw new Error('expected an error');
}

describe('what a template may not say', () => {
  it.each([
    ['raw output', 'a: {{{name}}}', 3, /raw output/],
    ['raw output with &', 'a: {{& name}}', 3, /raw output/],
    ['a partial', 'a: 1\n{{> labels}}', 4, /partials/],
    ['a partial block', '{{#> labels}}\n{{/labels}}', 3, /partials/],
    ['an inline partial', '{{#*inline "x"}}\n{{/inline}}', 3, /decorators/],
    ['a decorator', '{{* x}}', 3, /decorators/],
    ['an unknown helper', 'a: {{upper name}}', 3, /unknown helper "upper"/],
    ['an unknown block', '{{#repeat name}}\n{{/repeat}}', 3, /unknown helper "repeat"/],
    ['an unknown function', 'a: {{concat (upper name)}}', 3, /unknown helper "upper"/],
    ['a helper of Handlebars that is not ours', 'a: {{lookup deployment "id"}}', 3, /unknown helper "lookup"/],
    ['a helper that the compiler inserts', 'a: {{[=scalar] name}}', 3, /unknown helper/],
    ['two arguments of a block', '{{#if name image}}\n{{/if}}', 3, /exactly one/],
    ['an inverse block', '{{^if name}}\na: 1\n{{/if}}', 3, /use \{\{else\}\}/],
    ['an inverse tag', '{{#if name}}\na: 1\n{{^}}\nb: 1\n{{/if}}', 5, /use \{\{else\}\}/],
    ['a raw block', '{{{{if name}}}}\na: 1\n{{{{/if}}}}', 3, /alone on its line/],
    ['one value to compare', '{{#if (eq name)}}\n{{/if}}', 3, /"eq" takes 2 values/],
    ['nothing to join', 'a: {{concat}}', 3, /"concat" takes 1 or more values/],
    ['a named argument', '{{#each pod.volumes as="x"}}\n{{/each}}', 3, /named arguments/],
    ['white space control', 'a: {{~name}}', 3, /white space control/],
    ['white space control of a block', '{{#if name~}}\n{{/if}}', 3, /white space control/],
    ['a value inside quotes', 'a: "x {{name}}"', 3, /place of its own/],
    ['a value inside single quotes', "a: '{{name}}'", 3, /place of its own/],
    ['a value after text', 'a: x-{{name}}', 3, /place of its own/],
    ['a value before text', 'a: {{name}}-x', 3, /place of its own/],
    ['a value in brackets', 'a: [{{name}}]', 3, /place of its own/],
    ['a value in a comment', '# {{name}}', 3, /place of its own/],
    ['a value after a tag', 'a: !!binary {{name}}', 3, /place of its own/],
    ['a value after an anchor', 'a: &x {{name}}', 3, /place of its own/],
    ['a value on a line of its own', 'a:\n  {{name}}', 4, /place of its own/],
    ['a value inside a quoted text of several lines', 'a: "x\n  b: {{name}}\n  y"', 4, /over several lines/],
    ['a value inside such a text with single quotes', "a: 'x\n  - {{name}}\n  y'", 4, /over several lines/],
    ['a value inside a folded text', 'a: x\n  y\n  {{structure pod}}', 5, /over several lines/],
    ['the mark that stands for values', 'a: "\ue000"', 3, /U\+E000/],
    ['a structure as a key', '{{structure pod}}: x', 3, /cannot be a key/],
    ['a structure of nothing', 'a: {{structure}}', 3, /takes one value/],
    ['a block tag amid text', 'a: {{#if name}}x{{/if}}', 3, /alone on its line/],
    ['a second document', 'a: 1\n---\nb: 2', 4, /document separators/],
    ['the end of a document', 'a: 1\n...', 4, /document separators/],
    ['what every object inherits', 'a: {{constructor}}', 3, /no value "constructor"/],
    ['what every object inherits, deeper', 'a: {{deployment.__proto__.x}}', 3, /no value/],
    ['a block without an end', '{{#if name}}\na: 1', 5, /syntax is broken/],
    ['broken syntax', 'a: {{name}', 3, /syntax is broken/],
  ])('%s', (_, body, line, why) => {
    const message = messageOf(() => renderBody(body));

    expect(message).toMatch(new RegExp(`^Cannot use the templates in /own:[^]*x\\.configmap\\.yaml\\.hbs:${line}: `));
    expect(message).toMatch(why);
  });

  it('names all faults of all files at once', () => {
    const message = messageOf(() =>
      compile({
        'a.configmap.yaml.hbs': `${head}a: {{{x}}}\nb: {{{y}}}\n`,
        'b.service.yaml.hbs': head,
        'values.schema.json': '{ "type": "nonsense" }',
        'notes.txt': 'x',
        'kustomization.yaml.hbs': 'kind: Kustomization\n',
      }),
    );

    expect(
      message
        .split('\n')
        .slice(1)
        .map((line) => line.trim().replace(/: .*$/, '')),
    ).toEqual([
      'a.configmap.yaml.hbs:3',
      'a.configmap.yaml.hbs:4',
      'b.service.yaml.hbs:2',
      'kustomization.yaml.hbs',
      'notes.txt',
      'values.schema.json',
    ]);
  });

  it.each(['my set', 'a\nRevision-Id: x', '', 'a@b'])('the name %j for a set', (name) => {
    const files = new Map([['x.configmap.yaml.hbs', head]]);

    expect(messageOf(() => compileTemplateSet({ name, origin: '/own', files }))).toMatch(/its name may hold letters/);
  });

  it('a set without templates', () => {
    expect(messageOf(() => compile({ 'README.md': 'x' }))).toMatch(/holds no template/);
  });
});

describe('what is missing while rendering', () => {
  it.each([
    ['a value', 'a: {{nothing}}', 3, '"nothing"'],
    ['a value deeper down', 'a: 1\nb: {{deployment.colour}}', 4, '"deployment.colour"'],
    ['a value in a condition', '{{#if nothing}}\na: 1\n{{/if}}', 3, '"nothing"'],
    ['a value in a negated condition', '{{#unless nothing}}\na: 1\n{{/unless}}', 3, '"nothing"'],
    ['a list', 'a:\n{{#each nothing}}\n  - x\n{{/each}}', 4, '"nothing"'],
    ['a context', '{{#with nothing}}\na: 1\n{{/with}}', 3, '"nothing"'],
    ['a structure', 'a:\n  {{structure nothing}}', 4, '"nothing"'],
    ['an argument', 'a: {{concat "x" nothing}}', 3, '"nothing"'],
    ['an argument in a condition', '{{#if (eq nothing null)}}\na: 1\n{{/if}}', 3, '"nothing"'],
    ['a value of the loop', '{{#each selectors}}\n{{/each}}\na: {{@key}}', 3, '"selectors"'],
    ['a variable outside its loop', 'a: {{@key}}', 3, '"@key"'],
    ['a value that is null', 'a: {{postgres.storageClassName}}', 3, '"postgres.storageClassName"'],
    ['a structure where a scalar must be', 'a: {{api.labels}}', 3, '"api.labels"'],
    ['a scalar where a structure must be', 'a: {{structure name}}', 3, '"name"'],
    ['a loop over a text', 'a:\n{{#each name}}\n  - x\n{{/each}}', 4, '"each"'],
    ['a text joined with a structure', 'a: {{concat "x" api.labels}}', 3, '"concat"'],
  ])('%s is an error with file, line and name', (_, body, line, name) => {
    const message = messageOf(() => renderBody(body));

    expect(message).toContain(`x.configmap.yaml.hbs:${line}: `);
    expect(message).toContain(name);
  });

  it('is not asked for in a branch that is not taken', () => {
    expect(renderBody('{{#if route}}\na: {{nothing}}\n{{else}}\na: none\n{{/if}}')).toBe(`${head}a: none\n`);
  });
});

describe('what a template can say', () => {
  it.each([
    ['blocks in lists', 'a:\n{{#each api.environment}}\n  - {{this.name}}\n{{/each}}', /^ {2}- PORT$/m],
    ['block parameters', 'a:\n{{#each api.selector as |value key|}}\n  {{key}}: {{value}}\n{{/each}}', /: api$/m],
    ['keys and values', 'a:\n{{#each api.selector}}\n  {{@key}}: {{this}}\n{{/each}}', /component: api$/m],
    [
      'mappings in the order of their keys',
      'a:\n{{#each api.selector}}\n  - {{@key}}\n{{/each}}',
      /component\n {2}- app\.kubernetes\.io\/name$/m,
    ],
    ['an empty list', 'a: x\n{{#each pod.volumes}}\n- x\n{{else}}\nb: y\n{{/each}}', /^a: x\nb: y$/m],
    ['the context', '{{#with deployment as |d|}}\na: {{d.name}}\nb: {{@root.namespace}}\n{{/with}}', /^b: team-a$/m],
    ['the outer context', '{{#with deployment}}\na: {{../namespace}}\n{{/with}}', /^a: team-a$/m],
    ['joined texts', 'a: {{concat "http://" name ":" port}}', /^a: http:\/\/research-agent-e450af8d69:8000$/m],
    ['structures on one line', 'a: {{structure api.selector}}', /^a: \{"app\.kubernetes\.io\/component": "api", /m],
    ['structures in list items', 'a:\n  - {{structure deployment}}', /^ {2}- \{"name": "research-agent", /m],
    ['comparisons', '{{#if (eq api.replicas 1)}}\na: one\n{{else}}\na: many\n{{/if}}', /^a: one$/m],
    ['else if', '{{#if route}}\na: 1\n{{else if redis}}\na: 2\n{{/if}}', /^a: 2$/m],
    [
      'values in a text',
      'a: |\n  b: {{name}}\n  {{structure deployment}}\nc: "d"',
      /^ {2}b: research-agent-e450af8d69\n {2}name: r/m,
    ],
    ['long comments', '{{!--\n "\n --}}\na: {{name}}\n{{!-- \' --}}\nb: 1', /^a: research-agent-e450af8d69\nb: 1$/m],
    ['quotes in a text', 'a: |\n  don\'t "\nb: {{name}}', /^b: research/m],
    ['literals', 'a: {{"yes"}}\nb: {{1}}', /^a: "yes"\nb: 1$/m],
    ['braces that are meant', 'a: "\\{{x}}"', /^a: "\{\{x\}\}"$/m],
    ['comments', '{{!-- a: {{{x}}} --}}\na: 1', /^kind: ConfigMap\na: 1$/m],
    ['zero', '{{#each pod.annotations}}\n{{else}}\na: {{0}}\n{{/each}}', /^a: 0$/m],
  ])('%s', (_, body, expected) => {
    expect(renderBody(body)).toMatch(expected);
  });

  it('nothing at all, which makes no file', () => {
    const set = compile({
      'x.configmap.yaml.hbs': `{{#if route}}\n${head}{{/if}}\n\n`,
      'y.configmap.yaml.hbs': head,
    });

    const files = new Map<string, string>(renderDeployment(set, renderInput()));

    expect([...files.keys()]).toEqual(['y.configmap.yaml', 'kustomization.yaml']);
    expect(files.get('kustomization.yaml')).not.toContain('x.configmap');
  });
});

describe('the digest of a set', () => {
  const files = { 'x.configmap.yaml.hbs': head, 'values.schema.json': '{}' };

  it('changes with any template or schema', () => {
    const digests = [files, { ...files, 'values.schema.json': '{ }' }, { 'y.configmap.yaml.hbs': head }].map(
      (one) => compile(one).digest,
    );

    expect(new Set(digests).size).toBe(3);
    expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('does not change with line ends, the order of files or documentation', () => {
    const reversed = Object.fromEntries(Object.entries(files).reverse());
    const carriage = { ...reversed, 'x.configmap.yaml.hbs': head.replaceAll('\n', '\r\n'), 'README.md': 'new' };

    expect(compile(carriage).digest).toBe(compile(files).digest);
  });
});

describe('the set’s own schema of values', () => {
  const schema =
    '{\n  "type": "object",\n  "properties": {\n    "port": {\n      "const": 80\n    }\n  },\n  "required": ["colour"]\n}';

  it('names file, line and value', () => {
    const set = compile({ 'x.configmap.yaml.hbs': head, 'values.schema.json': schema });

    const message = messageOf(() => renderDeployment(set, renderInput()));

    expect(message).toContain('values.schema.json:8: the value "colour" must have required property');
    expect(message).toContain('values.schema.json:5: the value "port" must be equal to constant');
  });
});
