/** A long text in sections whose rows can be left out one by one, from the bottom, until it fits. */

export interface Section {
  /** Markdown before the rows. */
  readonly head: string;
  /** Each stays whole, or goes. */
  readonly rows: readonly string[];
  readonly tail: string;
  /** What stands in place of so many rows that were left out. */
  readonly leftOut: (count: number) => string;
}

export function textSection(head: string): Section {
  return { head, rows: [], tail: '', leftOut: () => '' };
}

/** The last section loses its rows first; a section without rows never loses anything. */
export function fitSections(sections: readonly Section[], limit: number): string {
  const kept = sections.map(({ rows }) => rows.length);
  let text = written(sections, kept);
  for (let index = sections.length - 1; index >= 0 && text.length > limit; index--) {
    kept[index] = mostThatFit(sections, kept, index, limit);
    text = written(sections, kept);
  }
  return text.length <= limit ? text : cutLines(text, limit);
}

/** By halving: each try writes the whole anew, and there may be thousands of rows. */
function mostThatFit(sections: readonly Section[], kept: readonly number[], index: number, limit: number): number {
  let [least, most] = [0, kept[index] ?? 0];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (written(sections, kept.with(index, middle)).length <= limit) least = middle;
    else most = middle - 1;
  }
  return least;
}

function written(sections: readonly Section[], kept: readonly number[]): string {
  const texts = sections.map(({ head, rows, tail, leftOut }, index) => {
    const count = kept[index] ?? 0;
    const rest = rows.length - count;
    return [head, ...rows.slice(0, count), ...(rest > 0 ? [leftOut(rest)] : []), tail]
      .filter((one) => one !== '')
      .join('\n');
  });
  return `${texts.filter((text) => text !== '').join('\n\n')}\n`;
}

const note = '_The rest was left out: it is more than the forge takes._';

/** Whole lines from the top, with whatever they opened closed again, and a note. */
export function cutLines(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const lines = text.split('\n');
  let kept = '';
  for (const line of lines) {
    const more = `${kept}${line}\n`;
    if (more.length + endingOf(more).length > limit) break;
    kept = more;
  }
  const whole = `${kept}${endingOf(kept)}`;
  return whole.length <= limit ? whole : '';
}

/** A reader must not see the note inside a folded part or a block of code. */
function endingOf(text: string): string {
  const fences = text.match(/^ {0,3}(`{3,}|~{3,})/gm) ?? [];
  const fence = fences.length % 2 === 1 ? `${fences.at(-1)?.trim()}\n` : '';
  const open = (text.match(/<details\b/g) ?? []).length - (text.match(/<\/details>/g) ?? []).length;
  return `${fence}${'\n</details>\n'.repeat(Math.max(0, open))}\n${note}\n`;
}
