/** What waits for a person, as a table for people and as data for programs. */
import pc from 'picocolors';
import { type Hold, reasonOf, releaseOf } from '../../core/holds.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { messages } from '../failure-text.ts';
import { age } from '../operating/age.ts';
import { failureJson, type Surveyed } from '../operating/survey.ts';

export type NamespaceHolds = Surveyed<readonly Hold[]>;

export function holdsJson(all: readonly NamespaceHolds[]) {
  return {
    namespaces: all.map(({ failure, found, ...where }) => ({
      ...where,
      failure: failureJson(failure),
      holds: (found ?? []).map((hold) => ({
        ...hold,
        reason: reasonOf(hold),
        release: releaseOf(hold, where.namespace),
      })),
    })),
  };
}

export function holdsText(all: readonly NamespaceHolds[], now: Date): string {
  const count = all.reduce((sum, { found }) => sum + (found ?? []).length, 0);
  const summary =
    count === 0 ? 'Nothing waits for a person' : `${count} ${count === 1 ? 'thing waits' : 'things wait'} for a person`;
  const isWhole = all.every(({ failure }) => failure === null);
  return `${all.map((each) => namespaceText(each, now)).join('\n')}\n${pc.bold(isWhole ? summary : `${summary}, as far as could be read`)}\n`;
}

function namespaceText({ namespace, repository, branch, head, found, failure }: NamespaceHolds, now: Date): string {
  const holds = found ?? [];
  const title = `${pc.bold(namespace)} ${pc.dim(`${repository} ${branch} ${head?.slice(0, 12) ?? ''}`.trimEnd())}`;
  if (failure) return `${title}\n  ${pc.red(messages(failure).join('\n  because: '))}\n`;
  if (holds.length === 0) return `${title}\n  ${pc.dim('nothing waits')}\n`;
  const rows = holds.map((hold) => [kindWords[hold.kind], subjectOf(hold)] as const);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = holds.flatMap((hold, index) => holdLines(hold, rows[index] ?? ['', ''], { widths, namespace, now }));
  return `${[title, ...lines].join('\n')}\n`;
}

interface Layout {
  readonly widths: readonly number[];
  readonly namespace: NamespaceName;
  readonly now: Date;
}

function holdLines(
  hold: Hold,
  [kind, subject]: readonly [string, string],
  { widths, namespace, now }: Layout,
): readonly string[] {
  const { command, effect } = releaseOf(hold, namespace);
  const cells = [kind.padEnd(widths[0] ?? 0), subject.padEnd(widths[1] ?? 0)] as const;
  return [
    `  ${pc.magenta(cells[0])}  ${pc.bold(cells[1])}  ${reasonOf(hold)}${ageOf(hold, now)}`,
    ...listed(hold).map((line) => `      ${line}`),
    command === null ? `      ${pc.dim(effect)}` : `      ${pc.cyan(command)}  ${pc.dim(`# ${effect}`)}`,
  ];
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
  return hold.kind !== 'orphan' && 'path' in hold ? [pc.dim(hold.path)] : [];
}

function ageOf(hold: Hold, now: Date): string {
  const at = 'changes' in hold ? hold.changes[0]?.at : undefined;
  return at === undefined ? '' : pc.dim(`, ${age(new Date(at), now)} ago`);
}
