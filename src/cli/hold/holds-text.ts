/** What waits for a person, as a table for people and as data for programs. */
import pc from 'picocolors';
import { type Hold, type Release, reasonOf, releaseOf } from '../../core/holds.ts';
import { shellWord } from '../../core/shell-word.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { messages } from '../failure-text.ts';
import { age } from '../operating/age.ts';
import { failureJson, type Surveyed } from '../operating/survey.ts';

type NamespaceHolds = Surveyed<readonly Hold[]>;

/** `config` as it was named: the commands that are told must find the same one. */
export function holdsJson(all: readonly NamespaceHolds[], config: string) {
  return {
    namespaces: all.map(({ failure, found, ...where }) => ({
      ...where,
      failure: failureJson(failure),
      holds: (found ?? []).map((hold) => ({
        ...hold,
        reason: reasonOf(hold),
        release: runnable(releaseOf(hold, where.namespace), config),
      })),
    })),
  };
}

export function holdsText(all: readonly NamespaceHolds[], config: string, now: Date): string {
  const count = all.reduce((sum, { found }) => sum + (found ?? []).length, 0);
  const summary =
    count === 0 ? 'Nothing is held' : `${count} ${count === 1 ? 'thing waits' : 'things wait'} for a person`;
  const isWhole = all.every(({ failure }) => failure === null);
  return `${all.map((each) => namespaceText(each, config, now)).join('\n')}\n${pc.bold(isWhole ? summary : `${summary}, as far as could be read`)}\n`;
}

function namespaceText(
  { namespace, repository, branch, head, found, failure }: NamespaceHolds,
  config: string,
  now: Date,
): string {
  const holds = found ?? [];
  const title = `${pc.bold(namespace)} ${pc.dim(`${repository} ${branch} ${head?.slice(0, 12) ?? ''}`.trimEnd())}`;
  if (failure) return `${title}\n  ${pc.red(messages(failure).join('\n  because: '))}\n`;
  if (holds.length === 0) return `${title}\n  ${pc.dim('nothing is held')}\n`;
  const rows = holds.map((hold) => [kindWords[hold.kind], subjectOf(hold)] as const);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = holds.flatMap((hold, index) =>
    holdLines(hold, rows[index] ?? ['', ''], { widths, namespace, config, now }),
  );
  return `${[title, ...lines].join('\n')}\n`;
}

interface Layout {
  readonly widths: readonly number[];
  readonly namespace: NamespaceName;
  readonly config: string;
  readonly now: Date;
}

function holdLines(
  hold: Hold,
  [kind, subject]: readonly [string, string],
  { widths, namespace, config, now }: Layout,
): readonly string[] {
  const { command, effect } = runnable(releaseOf(hold, namespace), config);
  const cells = [kind.padEnd(widths[0] ?? 0), subject.padEnd(widths[1] ?? 0)] as const;
  return [
    `  ${pc.magenta(cells[0])}  ${pc.bold(cells[1])}  ${reasonOf(hold)}${ageOf(hold, now)}`,
    ...listed(hold).map((line) => `      ${line}`),
    `      ${pc.dim(command === null ? effect : `# ${effect}`)}`,
    ...(command === null ? [] : [`      ${pc.cyan(command)}`]),
  ];
}

function runnable({ command, effect }: Release, config: string): Release {
  if (command === null || config === 'towpath.yaml') return { command, effect };
  return { command: `${command} --config ${shellWord(config)}`, effect };
}

const kindWords: Readonly<Record<Hold['kind'], string>> = {
  edited: 'edited',
  reverted: 'reverted',
  removed: 'removed',
  'edited-removal': 'removal held',
  'foreign-removal': 'removal held',
  deletions: 'removals held',
  foreign: 'foreign folder',
  history: 'history rewritten',
  orphan: 'orphan',
  rejected: 'rejected',
  'edited-in-review': 'edited in review',
};

function subjectOf(hold: Hold): string {
  if ('deployment' in hold) return hold.deployment;
  return hold.kind === 'orphan' ? hold.path : '';
}

function listed(hold: Hold): readonly string[] {
  if (hold.kind === 'deletions')
    return hold.deployments.map(({ deployment, path }) => `- ${deployment}  ${pc.dim(path)}`);
  if (hold.kind === 'orphan' || !('path' in hold)) return [];
  const lines = 'lines' in hold ? hold.lines.map((line) => `- ${line}`) : [];
  return [hold.path, ...lines, ...('proposal' in hold && hold.proposal ? [hold.proposal.url] : [])].map(pc.dim);
}

function ageOf(hold: Hold, now: Date): string {
  const at = 'changes' in hold ? hold.changes[0]?.at : undefined;
  return at === undefined ? '' : pc.dim(`, ${age(new Date(at), now)} ago`);
}
