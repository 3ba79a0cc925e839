/** Validation as tests ask for it: one edit in a deployment that is right, and what is said about it. */
import { expect, it } from 'vitest';
import { readSchemaCatalogue } from '../../src/adapters/schema-folder.ts';
import type { RenderInput } from '../../src/core/template/set.ts';
import { validationContext } from '../../src/core/validate/context.ts';
import { compileSchemas } from '../../src/core/validate/manifest-schemas.ts';
import { validateDeployment } from '../../src/core/validate/validate.ts';
import type { FileTree, RepoPath } from '../../src/domain/file-tree.ts';
import { describeFinding } from '../../src/domain/finding.ts';
import { sampleFiles, sampleInput } from './hand-written-deployment.ts';

export const schemas = compileSchemas(readSchemaCatalogue());

/** One replacement in one file, and what is said about it; every sentence must be there, and no other. */
export type Edit = readonly [title: string, path: string, search: string, replacement: string, said: readonly string[]];

export function refuses(edits: readonly Edit[], input?: RenderInput): void {
  it.each(edits)('refuses %s', (_, path, search, replacement, said) => {
    const complaints = complain(edited(path, search, replacement), input);

    expect(complaints).toHaveLength(said.length);
    for (const [index, sentence] of said.entries()) expect(complaints[index]).toContain(sentence);
  });
}

export function edited(path: string, search: string, replacement: string): FileTree {
  return sampleFiles((file, text) => {
    if (file !== path) return text;
    if (!text.includes(search)) throw new Error(`${path} has no ${search}`);
    return text.replace(search, () => replacement);
  });
}

export function complain(files: FileTree, input: RenderInput = sampleInput()): string[] {
  return validateDeployment(files, validationContext(input), schemas).map(describeFinding);
}

/** The deployment with one more file, which the kustomization lists. */
export function withFile(path: string, text: string): FileTree {
  const listed = sampleFiles((file, old) => (file === 'kustomization.yaml' ? `${old}  - ${path}\n` : old));
  return new Map([...listed, [path as RepoPath, text]]);
}
