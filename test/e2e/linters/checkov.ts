/** checkov, with all of its checks of Kubernetes objects. */
import { join } from 'node:path';
import { type Finding, finding } from './finding.ts';
import { run } from './run.ts';
import type { WrittenSubjects } from './subject.ts';

interface Judged {
  readonly passed: number;
  readonly skipped: readonly string[];
  readonly unreadable: readonly string[];
  readonly failed: readonly { readonly rule: string; readonly message: string; readonly file: string }[];
}

export interface CheckovResult {
  readonly findings: readonly Finding[];
  readonly passed: number;
  /** What it could not read, or was told by a manifest to overlook. */
  readonly overlooked: readonly string[];
}

export async function checkov(python: string, written: WrittenSubjects): Promise<CheckovResult> {
  const answer = await run(python, [join(import.meta.dirname, 'run_checkov.py'), ...written.subjects.keys()]);
  const judged = Object.entries(JSON.parse(answer) as Record<string, Judged>);
  return {
    findings: judged.flatMap(([folder, { failed }]) =>
      failed.map(({ rule, message, file }) => finding(written, `checkov/${rule}`, join(folder, file), message)),
    ),
    passed: judged.reduce((sum, [, { passed }]) => sum + passed, 0),
    overlooked: judged.flatMap(([, { skipped, unreadable }]) => [...skipped, ...unreadable]),
  };
}
