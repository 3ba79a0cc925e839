/** Risks of files: those that people wrote and Towpath takes over or puts back, and those that nobody can read. */
import type { ChangedFile } from '../change/files.ts';
import { counted } from '../change/words.ts';
import { code, prose } from '../pull-request/text.ts';
import type { ReadChange, Risk } from './read-change.ts';

/** A person was asked to look, changed something, and merged it: that it goes again must not pass unseen. */
export function takenBackRisks({ takenBack }: ReadChange): readonly Risk[] {
  if (takenBack === null) return [];
  const { sentence, lines } = takenBack;
  const shown = lines.map((line) => code(line, 400)).join('; ');
  return [{ label: 'overwrites', text: `${prose(sentence)}${shown === '' ? '.' : `: ${shown}.`}` }];
}

export function takeoverRisks({ kind, base, files, takenBack }: ReadChange): readonly Risk[] {
  const told = countsOf(files);
  if (base === 'foreign' && kind !== 'remove') {
    return [{ label: null, text: `Takes over a folder that Towpath did not write: ${told}.` }];
  }
  if (kind === 'adopt')
    return [{ label: 'overwrites', text: `Takes over what people changed in this folder: ${told}.` }];
  if (kind === 'restore' && base === 'ours' && takenBack === null) {
    return [{ label: 'overwrites', text: `Overwrites what people changed in git: ${told}.` }];
  }
  return [];
}

export function unreadableRisks({ unreadable }: ReadChange): readonly Risk[] {
  return unreadable.map(({ path, line, why, side }) => {
    const when = side === 'before' ? ', as it is now,' : '';
    const place = `Line ${line} ${prose(why, 200)}`;
    return {
      label: null,
      text: `${code(path)}${when} cannot be read, so nothing here speaks of it; look at it yourself. ${place}.`,
    };
  });
}

export function countsOf(files: readonly ChangedFile[]): string {
  const counts = (['added', 'changed', 'removed'] as const).flatMap((kind) => {
    const count = files.filter((file) => file.kind === kind).length;
    return count === 0 ? [] : [`${counted(count, 'file')} ${kind}`];
  });
  return counts.length === 0 ? 'no file changes' : counts.join(', ');
}
