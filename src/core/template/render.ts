/** Step 4, render: one revision becomes the files of its folder. The same input gives the same bytes. */
import { TowpathError } from '../../domain/failure.ts';
import { type FileTree, type RepoPath, repoPath } from '../../domain/file-tree.ts';
import { describeFinding } from '../../domain/finding.ts';
import { kustomizationFile, kustomizationOf } from '../kustomization.ts';
import { type Values, valuesOf } from '../values/values.ts';
import { TemplateProblem } from './helpers.ts';
import type { CompiledTemplate, RenderInput, TemplateSet } from './set.ts';

/** Paths are relative to the deployment's folder; PROVENANCE is not among them. */
export function renderDeployment(set: TemplateSet, input: RenderInput): FileTree {
  const values = valuesOf(input);
  checkValues(set, values);
  const files = new Map<RepoPath, string>();
  for (const template of set.templates) {
    const text = renderTemplate(set, template, values);
    if (text !== '') files.set(template.output, text);
  }
  files.set(repoPath(kustomizationFile), kustomizationOf(input, [...files.keys(), ...(input.secrets.files ?? [])]));
  return files;
}

function renderTemplate(set: TemplateSet, template: CompiledTemplate, values: Values): string {
  try {
    return template.render(values);
  } catch (cause) {
    const where = cause instanceof TemplateProblem ? `${template.file}:${cause.line}` : template.file;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw failed(set, ` ${where}: ${why}`, cause);
  }
}

function checkValues(set: TemplateSet, values: Values): void {
  const findings = set.checkValues(values);
  if (findings.length === 0) return;
  throw failed(set, findings.map((finding) => `\n  ${describeFinding(finding)}`).join(''), undefined);
}

function failed(set: TemplateSet, why: string, cause: unknown): TowpathError {
  return new TowpathError('terminal', 'TemplateFailed', `Cannot render with the templates in ${set.origin}:${why}`, {
    cause,
  });
}
