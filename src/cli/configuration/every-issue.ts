/**
 * Everything that the schema objects to, at once: one mistake hides what lies inside it, so what is plainly meant is put
 * in its place, and the whole is looked at again.
 */

import { nearestWord } from '../../core/nearest-word.ts';
import { Configuration } from '../../domain/configuration.ts';
import { type Issue, type Source, writtenAt } from './findings.ts';
import { unknownKeyText } from './issue-text.ts';
import { knownKeys } from './json-schema.ts';

/** A `publication` inside a namespace inside a bad name: no deeper do they hide each other. */
const mostLooks = 4;

/** A key that another one stands in for while the rest is looked at. */
interface Renamed {
  readonly parent: readonly PropertyKey[];
  readonly written: string;
  readonly stand: string;
}

export function allIssues(value: unknown, source: Source): readonly Issue[] {
  const mended: Issue[] = [];
  const renamed: Renamed[] = [];
  let current = structuredClone(value);
  let issues = issuesOf(current);
  for (let look = 1; look < mostLooks; look += 1) {
    const found = issues.flatMap((issue) => {
      // Before it renames anything itself.
      const shown = restored(issue, renamed);
      return mend(current, issue, { renamed, source, shown });
    });
    if (found.length === 0) break;
    mended.push(...found);
    current = structuredClone(current);
    issues = issuesOf(current);
  }
  const left = issues.flatMap((issue) => explained(issue, source)).map((issue) => restored(issue, renamed));
  return [...mended.filter((issue) => !left.some((other) => isAbout(other, issue))), ...left.filter(isNews)];
}

function issuesOf(value: unknown): readonly Issue[] {
  return Configuration.safeParse(value).error?.issues ?? [];
}

/** An issue an unknown option, by the names that the schema knows: once they are restored it would find none. */
function explained(issue: Issue, { schema }: Pick<Source, 'schema'>): readonly Issue[] {
  if (issue.code !== 'unrecognized_keys') return [issue];
  const known = knownKeys(schema, issue.path);
  return issue.keys.map((key) => ({ code: 'custom', path: [...issue.path, key], message: unknownKeyText(key, known) }));
}

/** What a rule says of an option that is of the wrong type says nothing. */
function isNews(issue: Issue, _: number, all: readonly Issue[]): boolean {
  if (issue.code !== 'custom') return true;
  return !all.some((other) => other !== issue && hides(other) && begins(issue.path, hiddenBy(other)));
}

function hides({ code }: Issue): boolean {
  return code === 'invalid_type' || code === 'invalid_union' || code === 'invalid_value';
}

/** A word that tells cases apart is wrong for the whole map around it. */
function hiddenBy(issue: Issue): readonly PropertyKey[] {
  return issue.code === 'invalid_union' ? issue.path.slice(0, -1) : issue.path;
}

function begins(path: readonly PropertyKey[], start: readonly PropertyKey[]): boolean {
  return start.length > 0 && start.every((segment, index) => path[index] === segment);
}

/** Mended, it may show what is really wrong there: `60` is no string, and `"60"` no duration. */
function isAbout(other: Issue, issue: Issue): boolean {
  if (issue.code === 'custom' || other.code === 'custom') return false;
  return other.path.join('\0') === issue.path.join('\0');
}

interface Mending {
  readonly renamed: Renamed[];
  readonly source: Source;
  /** The issue with the names that stand in the file. */
  readonly shown: Issue;
}

/** Puts what is meant in place of what is wrong, and answers what it has mended so; nothing where nobody can tell. */
function mend(value: unknown, issue: Issue, mending: Mending): readonly Issue[] {
  if (issue.code === 'unrecognized_keys') return mendKeys(value, issue, mending);
  const [parent, name] = [issue.path.slice(0, -1), issue.path.at(-1)];
  const around = mapAt(value, parent);
  if (name === undefined || around === null) return [];
  if (issue.code === 'invalid_key') {
    const stand = `towpath-stands-in-${mending.renamed.length + 1}`;
    rename(around, { parent, written: String(name), stand }, mending.renamed);
    return [mending.shown];
  }
  const meant = meantBy(issue, around[name], mending);
  if (meant === undefined) return [];
  around[name] = meant;
  return [mending.shown];
}

/** Misspelt options, where what they are taken for is not there itself. */
function mendKeys(
  value: unknown,
  issue: Extract<Issue, { code: 'unrecognized_keys' }>,
  { renamed, source, shown }: Mending,
): readonly Issue[] {
  const around = mapAt(value, issue.path);
  if (around === null) return [];
  const known = knownKeys(source.schema, issue.path);
  return issue.keys.flatMap((written): readonly Issue[] => {
    const stand = nearestWord(written, known);
    if (stand === null || Object.hasOwn(around, stand)) return [];
    rename(around, { parent: issue.path, written, stand }, renamed);
    return [{ code: 'custom', path: [...shown.path, written], message: unknownKeyText(written, known) }];
  });
}

/** The order stays, since the first of two that share something is the one that may keep it. */
function rename(around: Record<PropertyKey, unknown>, change: Renamed, renamed: Renamed[]): void {
  const entries = Object.entries(around);
  for (const [key] of entries) delete around[key];
  for (const [key, inner] of entries) around[key === change.written ? change.stand : key] = inner;
  renamed.push(change);
}

function meantBy(issue: Issue, value: unknown, { source, shown }: Mending): unknown {
  if (issue.code === 'invalid_type' && issue.expected === 'string') {
    const isPlain = typeof value === 'number' || typeof value === 'boolean';
    return isPlain ? writtenAt(source.document, shown.path).text : undefined;
  }
  const options = issue.code === 'invalid_value' ? issue.values : 'options' in issue ? issue.options : undefined;
  if (!Array.isArray(options) || typeof value !== 'string') return undefined;
  return nearestWord(value, options.filter((option) => option !== undefined).map(String)) ?? undefined;
}

function mapAt(value: unknown, path: readonly PropertyKey[]): Record<PropertyKey, unknown> | null {
  const place = path.reduce<unknown>(
    (outer, segment) => (outer as Record<PropertyKey, unknown> | undefined)?.[segment],
    value,
  );
  return typeof place === 'object' && place !== null ? (place as Record<PropertyKey, unknown>) : null;
}

/** The last renaming is undone first: the paths of the later ones hold the names of the earlier ones. */
function restored(issue: Issue, renamed: readonly Renamed[]): Issue {
  const path = renamed.toReversed().reduce<readonly PropertyKey[]>((now, { parent, written, stand }) => {
    return begins(now, [...parent, stand]) ? now.with(parent.length, written) : now;
  }, issue.path);
  const message = renamed.reduce((text, { stand, written }) => {
    return stand.startsWith('towpath-stands-in-') ? text.replaceAll(stand, written) : text;
  }, issue.message);
  return { ...issue, path: [...path], message };
}
