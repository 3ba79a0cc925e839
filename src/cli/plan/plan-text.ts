/** A plan as people read it: what would be committed, as a diff, and what stands in the way. */
import { createTwoFilesPatch, diffLines, FILE_HEADERS_ONLY } from 'diff';
import pc from 'picocolors';
import type { FilePreview, NamespacePreview, StepPreview } from '../../listener/preview.ts';
import { messages } from '../failure-text.ts';

const marks: Readonly<Record<StepPreview['kind'], string>> = {
  'lay-down': pc.green('+ lay down'),
  update: pc.yellow('~ update'),
  rerender: pc.yellow('~ render again'),
  restore: pc.yellow('~ restore'),
  remove: pc.red('- remove'),
  keep: pc.dim('  up to date'),
  outdated: pc.dim('  outdated'),
  hold: pc.magenta('! held'),
  'remove-held': pc.magenta('! removal held'),
  'remove-foreign': pc.magenta('! removal held'),
  foreign: pc.magenta('! foreign folder'),
  interrupted: pc.dim('  interrupted'),
  removed: pc.dim('  removed'),
};

/** What a word of the plan means, where it does not speak for itself. */
const meanings: Partial<Readonly<Record<StepPreview['kind'], string>>> = {
  outdated: 'another version or configuration would render it differently; its next revision will',
  hold: 'a person changed it in git; the next revision ends the hold, or towpath hold release',
  'remove-held': 'a person changed it in git; undo that, or let it go with towpath hold release',
  'remove-foreign': 'its folder no longer says that this listener wrote it; remove the folder in git',
  foreign: 'its folder was not written by this listener and is not touched; towpath adopt takes it over',
  interrupted: 'nothing more is published for this revision',
};

/** `diff`: every line that changes; `stat`: how many, file by file. */
type Detail = 'diff' | 'stat';

export function planText(previews: readonly NamespacePreview[], detail: Detail = 'diff'): string {
  return `${previews.map((preview) => namespaceText(preview, detail)).join('\n')}\n${pc.bold(summaryOf(previews))}\n`;
}

function summaryOf(previews: readonly NamespacePreview[]): string {
  const steps = previews.flatMap((preview) => preview.steps);
  const commits = steps.filter((step) => step.commit !== null).length;
  const outdated = steps.filter((step) => step.kind === 'outdated').length;
  const held = steps.filter(isHeld).length;
  const unread = previews.filter(({ failure }) => failure !== null).length;
  const made = `${commits} ${commits === 1 ? 'commit' : 'commits'} to make`;
  return [
    // Nobody knows what a namespace that could not be read would need.
    ...(commits > 0 ? [made] : unread < previews.length ? ['Nothing to commit'] : []),
    ...(outdated === 0 ? [] : [`${outdated} outdated`]),
    ...(held === 0 ? [] : [`${held} held`]),
    ...(unread === 0 ? [] : [`${unread} of ${previews.length} namespaces could not be planned`]),
  ].join(', ');
}

/** It waits for a person, who knows of it: that is no failure. */
export function isHeld({ kind }: StepPreview): boolean {
  return kind === 'hold' || kind === 'foreign' || kind === 'remove-held' || kind === 'remove-foreign';
}

function namespaceText(
  { namespace, repository, branch, head, failure, steps, orphans }: NamespacePreview,
  detail: Detail,
): string {
  const at = failure ? '' : (head?.slice(0, 12) ?? '(empty)');
  const where = pc.dim(`${repository} ${branch} ${at}`.trimEnd());
  const body = failure
    ? [`  ${pc.red(messages(failure).join('\n  because: '))}`]
    : [...steps.map((step) => stepText(step, detail)), ...orphans.map(orphanText)];
  return `${[`${pc.bold(namespace)} ${where}`, ...body].join('\n')}\n`;
}

function stepText(step: StepPreview, detail: Detail): string {
  const meaning = step.message ?? meanings[step.kind];
  const lines = [
    `  ${marks[step.kind]} ${step.deployment}${step.commit ? pc.dim(`  ${step.commit}`) : ''}`,
    ...(meaning ? [`      ${meaning.split('\n').join('\n      ')}`] : []),
    ...step.takesBack.map((line, index) => pc.magenta(`      ${index === 0 ? '! ' : '    '}${line}`)),
    ...(detail === 'stat' ? statLines(step.files) : step.files.map(fileText)),
  ];
  return lines.join('\n');
}

function statLines(files: readonly FilePreview[]): readonly string[] {
  const width = Math.max(0, ...files.map(({ path }) => path.length));
  return files.map((file) => {
    const parts = diffLines(file.before ?? '', file.after ?? '');
    const count = (is: 'added' | 'removed'): number =>
      parts.filter((part) => part[is]).reduce((sum, part) => sum + part.count, 0);
    const change = file.before === null ? '  new' : file.after === null ? '  removed' : '';
    return `      ${file.path.padEnd(width)}  ${pc.green(`+${count('added')}`)} ${pc.red(`-${count('removed')}`)}${change}`;
  });
}

function orphanText(path: string): string {
  return `  ${pc.magenta('! orphan')} ${path}\n      bears this listener’s id, but the control plane does not know it; it is left alone`;
}

/** One file as a diff. */
export function fileText({ path, before, after }: FilePreview): string {
  const names = [before === null ? '/dev/null' : `a/${path}`, after === null ? '/dev/null' : `b/${path}`] as const;
  const patch = createTwoFilesPatch(...names, before ?? '', after ?? '', undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
  return patch.trimEnd().split('\n').map(paint).join('\n');
}

function paint(line: string): string {
  if (line.startsWith('---') || line.startsWith('+++')) return pc.bold(line);
  if (line.startsWith('@@')) return pc.cyan(line);
  if (line.startsWith('+')) return pc.green(line);
  return line.startsWith('-') ? pc.red(line) : line;
}
