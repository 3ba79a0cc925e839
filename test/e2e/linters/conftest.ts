/** conftest, with our own policies and the public ones of Aqua Security. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Finding, finding } from './finding.ts';
import { run } from './run.ts';
import type { WrittenSubjects } from './subject.ts';

interface Tested {
  readonly filename: string;
  readonly namespace: string;
  readonly failures?: readonly { readonly msg: string }[];
}

export interface ConftestResult {
  readonly findings: readonly Finding[];
  /** Files to which at least one policy was held. */
  readonly judged: ReadonlySet<string>;
}

const ownPolicies = join(import.meta.dirname, 'policies');

/** The names of our own rules, by their files; what rules share is no rule. */
export const ownRules: readonly string[] = readdirSync(ownPolicies)
  .map((file) => basename(file, '.rego'))
  .filter((name) => name !== 'pods');

/** The policies are gathered in the folder `scratch`. */
export async function conftest(
  program: string,
  written: WrittenSubjects,
  share: string,
  scratch: string,
): Promise<ConftestResult> {
  cpSync(ownPolicies, join(scratch, 'own'), { recursive: true });
  gatherPublic(join(share, 'policies'), join(scratch, 'public'));
  const answer = await run(program, ['test', '--policy', scratch, '--all-namespaces', '-o', 'json', written.folder]);
  const tested = JSON.parse(answer) as readonly Tested[];
  return {
    findings: tested.flatMap(({ filename, namespace, failures = [] }) =>
      failures.map(({ msg }) => finding(written, `conftest/${ruleOf(namespace)}`, filename, msg)),
    ),
    judged: new Set(tested.map(({ filename }) => filename)),
  };
}

/** `towpath.images` is ours, `builtin.kubernetes.KSV014` theirs. */
function ruleOf(namespace: string): string {
  return namespace.split('.').at(-1) ?? namespace;
}

/** Not those for the command lines of a cluster's own programs (KCV), and one that today's OPA does not compile. */
function gatherPublic(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  // They are written for a program that knows a function of this name.
  writeFileSync(join(to, 'result.rego'), 'package result\n\nnew(message, _) := message\n');
  const files = readdirSync(from, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  for (const file of files) {
    const text = readFileSync(join(file.parentPath, file.name), 'utf8');
    if (/^package builtin\.kubernetes\.(KCV|KSV0108$)/m.test(text)) continue;
    writeFileSync(
      join(to, `${basename(file.parentPath)}-${file.name}`),
      text.replace(/^import rego\.v1$/m, 'import rego.v1\n\nimport data.result'),
    );
  }
}
