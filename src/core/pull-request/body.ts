/** The body that Towpath writes: first what matters, at the bottom what can be left out. */
import { type EnvironmentChange, needsOwnList } from '../change/environment.ts';
import { compareText, counted, listed } from '../change/words.ts';
import { countsOf } from '../risk/files.ts';
import type { ReviewedChange, ToldChange } from './change.ts';
import { fitSections, type Section, textSection } from './sections.ts';
import { code } from './text.ts';
import { afterwards, askedFor, summary } from './words.ts';

export function defaultBody(change: ReviewedChange, told: ToldChange, limit: number): string {
  return fitSections(
    [
      textSection(summary(change, told)),
      changesSection(change, told),
      risksSection(told),
      textSection(askedFor(change)),
      textSection(`### What happens next\n\n${afterwards(change)}`),
      ...environmentSections(told.environment),
      imagesSection(told.images),
      filesSection(told),
    ],
    limit,
  );
}

/** Two columns where one side is empty: a first deployment, or a removal. */
export function changesSection({ before, after }: ReviewedChange, { rows }: ToldChange): Section {
  const columns = before === null ? ['after'] : after === null ? ['before'] : ['before', 'after'];
  const titles = { before: after === null ? 'Until now' : 'Before', after: before === null ? 'Value' : 'After' };
  const lines = rows.map((row) => {
    const cells = columns.map((column) => (column === 'before' ? row.before : row.after) ?? '–');
    return `| ${[row.what, ...cells].join(' | ')} |`;
  });
  if (lines.length === 0) return textSection('### What changes\n\nNothing that Towpath has words for; see the files.');
  const names = columns.map((column) => (column === 'before' ? titles.before : titles.after));
  return {
    head: `### What changes\n\n| What | ${names.join(' | ')} |\n| --- |${' --- |'.repeat(columns.length)}`,
    rows: lines,
    tail: '',
    leftOut: (count) => `\n_${counted(count, 'more row')} left out._`,
  };
}

export function risksSection({ risks }: ToldChange): Section {
  if (risks.length === 0) return textSection('### Risks\n\nNone that Towpath knows of.');
  return {
    head: '### Risks\n',
    rows: risks.map(({ text }) => `- ${text}`),
    tail: '',
    leftOut: (count) => `- _${count} more, left out here._`,
  };
}

/** Names that are too many for the table. */
function environmentSections(changes: readonly EnvironmentChange[]): readonly Section[] {
  return changes.filter(needsOwnList).flatMap((change) =>
    (['added', 'removed', 'changed'] as const)
      .filter((kind) => change[kind].length > 0)
      .map((kind) => {
        const isOwn = (name: string): number => Number(change.own.has(name));
        const names = [...change[kind]].sort((one, other) => isOwn(other) - isOwn(one) || compareText(one, other));
        const rows = names.map((name) => `- ${code(name)}`);
        return folded(`Environment of ${listed(change.parts, 6)}: ${rows.length} ${kind}, by name`, '', rows);
      }),
  );
}

function imagesSection(images: readonly string[]): Section {
  const pinned = images.filter((image) => image.includes('@'));
  if (pinned.length === 0) return textSection('');
  return folded(
    'Images with their whole digests',
    '',
    pinned.map((image) => `- ${code(image, 1100)}`),
  );
}

export function filesSection({ files }: ToldChange): Section {
  if (files.length === 0) return textSection('');
  const rows = files.map(({ path, kind, added, removed }) => `| ${code(path)} | ${kind} | +${added} −${removed} |`);
  return folded(`Files: ${countsOf(files)}`, '| File | | Lines |\n| --- | --- | --- |', rows);
}

/** `title` is HTML, in which Markdown is dead: code in it is written as HTML. */
function folded(title: string, head: string, rows: readonly string[]): Section {
  const shown = title.replace(/`([^`]*)`/g, '<code>$1</code>');
  return {
    head: `<details>\n<summary>${shown}</summary>\n${head === '' ? '' : `\n${head}`}`,
    rows,
    tail: '\n</details>',
    leftOut: (count) => `\n_${count} more, left out: the forge takes no longer text._`,
  };
}
