/** What a new rendering takes back of what people changed in a folder: who, in which commit, and which lines. */
import { diffLines } from 'diff';
import type { CommitSummary } from '../domain/commit.ts';
import { plainLine } from './plain-line.ts';
import { provenanceFile } from './provenance.ts';
import { byWhom } from './report.ts';
import { quotesSecret } from './secrets/planted-secrets.ts';

type Files = ReadonlyMap<string, string>;

/** A folder that people have changed since it was laid down. */
export interface EditedFolder {
  /** Theirs, newest first; empty where git does not tell. */
  readonly commits: readonly CommitSummary[];
  readonly now: Files;
  /**
   * As Towpath laid it down. Where a squash put both into one commit, what the folder held before that: then only lines
   * that are as they were before count. Null: nothing older is known.
   */
  readonly older: { readonly kind: 'laid-down' | 'before'; readonly files: Files } | null;
}

interface TakenLine {
  readonly path: string;
  /** Of the file as it is now; null: the file as a whole. */
  readonly line: number | null;
  /** As people left it; null: there is no such line, or file. */
  readonly now: string | null;
  readonly next: string | null;
}

export interface TakenBack {
  readonly commits: readonly CommitSummary[];
  readonly lines: readonly TakenLine[];
  /** False: which lines are theirs cannot be told. */
  readonly isExact: boolean;
}

/** More edits than this in one file are told as one. */
const maxEditLength = 500;
const mostLines = 12;

/** Null: nothing of theirs goes, since the new rendering has it as well. `next` null: what they changed, whatever comes. */
export function takenBack({ commits, now, older }: EditedFolder, next: Files | null): TakenBack | null {
  const target = next ?? (older?.kind === 'laid-down' ? older.files : null);
  if (target === null || older === null) return { commits, lines: [], isExact: false };
  const paths = [...new Set([...now.keys(), ...target.keys()])].filter((path) => path !== provenanceFile).sort();
  const lines = paths.flatMap((path) =>
    linesOf(path, { now: now.get(path), next: target.get(path), older: older.files.get(path) }, older.kind),
  );
  return lines.length === 0 ? null : { commits, lines, isExact: true };
}

interface Texts {
  readonly now: string | undefined;
  readonly next: string | undefined;
  readonly older: string | undefined;
}

function linesOf(path: string, { now, next, older }: Texts, kind: 'laid-down' | 'before'): readonly TakenLine[] {
  if (now === next || now === older) return [];
  if (now === undefined || next === undefined || older === undefined) {
    // Of a file that came or went with a squash nobody can tell whose it was.
    if (kind === 'before') return [];
    const whole = (text: string | undefined): string | null => (text === undefined ? null : 'the whole file');
    return [{ path, line: null, now: whole(now), next: whole(next) }];
  }
  const theirs = changesOf(older, now);
  const going = changesOf(now, next);
  if (theirs === null || going === null) return [{ path, line: null, now: 'many lines', next: 'as rendered' }];
  const [written, cut] = [new Set(theirs.flatMap(added)), new Set(theirs.flatMap(removed))];
  return going.flatMap(({ at, gone, come }) =>
    Array.from({ length: Math.max(gone.length, come.length) }, (_, index): readonly TakenLine[] => {
      const [old, young] = [gone[index] ?? null, come[index] ?? null];
      const isBack = young !== null && cut.has(young);
      const isTheirs = old !== null && written.has(old);
      const counts = kind === 'laid-down' ? isBack || isTheirs : isBack && (old === null || isTheirs);
      return counts ? [{ path, line: at + index, now: old, next: young }] : [];
    }).flat(),
  );
}

interface Change {
  /** Line of the first text, from 1. */
  readonly at: number;
  readonly gone: readonly string[];
  readonly come: readonly string[];
}

const added = ({ come }: Change): readonly string[] => come;
const removed = ({ gone }: Change): readonly string[] => gone;

/** Null: they have too little in common. */
function changesOf(before: string, after: string): readonly Change[] | null {
  const parts = diffLines(before, after, { maxEditLength });
  if (!parts) return null;
  const changes: Change[] = [];
  let at = 1;
  for (const [index, part] of parts.entries()) {
    const lines = part.value.split('\n').slice(0, part.count);
    const follows = parts[index + 1];
    if (part.removed) {
      const come = follows?.added ? follows.value.split('\n').slice(0, follows.count) : [];
      changes.push({ at, gone: lines, come });
    } else if (part.added && !parts[index - 1]?.removed) {
      changes.push({ at, gone: [], come: lines });
    }
    if (!part.added) at += lines.length;
  }
  return changes;
}

/** `Takes back what was changed in git by Ada <…> in 0123456789ab ("Tune it")`, and each line below it. */
export function takenBackWords(
  { commits, lines, isExact }: TakenBack,
  sensitive: Readonly<Record<string, string>>,
): { readonly sentence: string; readonly lines: readonly string[] } {
  const who = byWhom(commits);
  const what = isExact ? '' : '; which lines are theirs cannot be told: look at the files';
  const shown = lines.slice(0, mostLines).map((line) => lineWords(line, sensitive));
  const left = lines.length - shown.length;
  return {
    sentence: `Takes back what was changed in git${who}${what}`,
    lines: [...shown, ...(left > 0 ? [`and ${left} more`] : [])],
  };
}

function lineWords({ path, line, now, next }: TakenLine, sensitive: Readonly<Record<string, string>>): string {
  const where = `${plainLine(path, 200)}${line === null ? '' : `, line ${line}`}`;
  const [old, young] = [shownLine(now, sensitive), shownLine(next, sensitive)];
  if (old === null) return `${where}: ${young} comes back`;
  return young === null ? `${where}: ${old} goes` : `${where}: ${old} becomes ${young}`;
}

/** Values of variables are told by no text of Towpath's, and secrets by none at all. */
function shownLine(text: string | null, sensitive: Readonly<Record<string, string>>): string | null {
  if (text === null) return null;
  if (text === 'the whole file' || text === 'many lines' || text === 'as rendered') return text;
  const line = plainLine(text, 100);
  if (/^(?:- )?value:/.test(line) || quotesSecret(line, sensitive)) return 'a value that is not shown';
  return line === '' ? 'an empty line' : `"${line}"`;
}
