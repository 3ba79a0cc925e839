/** Validation of whatever a broken template may print: always findings or nothing, never a fault. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextOfFolder, validationContext } from '../../src/core/validate/context.ts';
import { validateDeployment } from '../../src/core/validate/validate.ts';
import type { FileTree, RepoPath } from '../../src/domain/file-tree.ts';
import { sampleFiles, sampleInput, sampleName } from '../support/hand-written-deployment.ts';
import { schemas } from '../support/validation.ts';

const input = sampleInput();
const original = [...sampleFiles()];
const snippets = [
  '',
  'null',
  '[]',
  '{}',
  '- ',
  ': ',
  '\n',
  '  ',
  '\t',
  '"',
  "'",
  '5',
  '__proto__',
  'constructor',
  '*a',
  '&a ',
  '!x ',
  '---\n',
  '|',
  '#',
  '\u0000',
  '\ud800',
  'x: y',
];

/** One line taken out, repeated, moved to another depth, or with something in it. */
const mutation = fc.record({
  file: fc.nat(original.length - 1),
  line: fc.nat(60),
  column: fc.nat(40),
  length: fc.nat(12),
  kind: fc.constantFrom('remove', 'repeat', 'indent', 'unindent', 'replace'),
  snippet: fc.constantFrom(...snippets),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

describe('a mutated deployment', () => {
  it('is validated without a fault, and every finding can be shown', () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const files = mutations.reduce(mutate, new Map(original) as FileTree);
        const settings = { policy: input.namespace.policy, kubernetesVersion: undefined };
        const contexts = [validationContext(input), contextOfFolder(sampleName, files, settings)];

        for (const context of contexts) {
          for (const finding of validateDeployment(files, context, schemas)) {
            expect(finding.message).toMatch(/^[^\n]+$/);
            expect(finding.line ?? 1).toBeGreaterThan(0);
            expect(finding.line ?? 1).toBeLessThanOrEqual(
              (files.get(finding.path as RepoPath) ?? '').split('\n').length,
            );
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

function mutate(files: FileTree, { file, line, column, length, kind, snippet }: Mutation): FileTree {
  const [path, text] = original[file] ?? ['x.yaml' as RepoPath, ''];
  const lines = (files.get(path) ?? text).split('\n');
  const at = line % lines.length;
  const old = lines[at] ?? '';
  const next: Readonly<Record<Mutation['kind'], readonly string[]>> = {
    remove: [],
    repeat: [old, old],
    indent: [`  ${old}`],
    unindent: [old.replace(/^ {1,2}/, '')],
    replace: [old.slice(0, column) + snippet + old.slice(column + length)],
  };
  return new Map([...files, [path, lines.toSpliced(at, 1, ...next[kind]).join('\n')]]);
}

describe('a file of mistakes', () => {
  it.each([
    ['wrong items', `${'        - nam: x\n'.repeat(4_000)}`],
    ['ambiguous words', `${'        - name: yes\n'.repeat(10_000)}`],
    ['repeated items', `${'        - name: a\n          image: b\n'.repeat(10_000)}`],
  ])('with thousands of %s is refused in a moment', (_, list) => {
    const files = sampleFiles((path, text) =>
      path === 'redis.deployment.yaml' ? text.replace('      containers:\n', `      containers:\n${list}`) : text,
    );
    const start = performance.now();

    const findings = validateDeployment(files, validationContext(input), schemas);

    expect(findings.length).toBeGreaterThan(40);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
