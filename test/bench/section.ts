/** What a part of the bench is and what it gives: tables for people, raw numbers for machines, goals met or not. */

export interface BenchOptions {
  /** Small sizes and few runs: to see that it works, not to quote. */
  readonly quick: boolean;
  /** Writes what there is so far: a long section that is interrupted has not run for nothing. */
  readonly save: (tables: readonly Table[]) => Promise<void>;
}

export type Cell = string | number | null;

export interface Goal {
  /** "one changed deployment at 10,000, flat: at most 1.0 times native git". */
  readonly goal: string;
  readonly met: boolean;
  /** The figure, and where it is missed by how much and why. */
  readonly found: string;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Below the table: what was compared, and under which conditions. */
  readonly notes: readonly string[];
  readonly goals: readonly Goal[];
}

/** Each file in `sections/` exports one as `section`; its name there is the one for `--only`. */
export interface Section {
  readonly title: string;
  run(options: BenchOptions): Promise<readonly Table[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Three digits that count. */
export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Tells a long bench apart from a hung one. */
export function progress(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
