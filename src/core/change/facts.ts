/** What a reviewer reads in a table: one fact, before and after; those of several parts that agree share a row. */
import { compareText, listed } from './words.ts';

export interface Fact {
  readonly topic: string;
  /** Markdown: which part of the deployment; null: all of it. */
  readonly part: string | null;
  /** Markdown; null: there was none. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface ChangeRow {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Only what differs; in the order in which facts come. */
export function rowsOf(facts: readonly Fact[]): readonly ChangeRow[] {
  const groups = new Map<string, Fact[]>();
  for (const fact of facts) {
    if (fact.before === fact.after) continue;
    const key = JSON.stringify([fact.topic, fact.before, fact.after]);
    groups.set(key, [...(groups.get(key) ?? []), fact]);
  }
  return [...groups.values()].flatMap(([first, ...more]) => {
    if (!first) return [];
    const names = [first, ...more].flatMap(({ part }) => (part === null ? [] : [part]));
    const what = names.length === 0 ? first.topic : `${first.topic} (${listed(names.sort(compareText), 6)})`;
    return [{ what, before: first.before, after: first.after }];
  });
}
