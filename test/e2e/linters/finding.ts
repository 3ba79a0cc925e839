/** What a linter found, and how it is held against the list of what is accepted. */
import { parse } from 'yaml';
import { z } from 'zod';
import type { Subject, WrittenSubjects } from './subject.ts';

export interface Finding {
  /** `checkov/CKV_K8S_35`. */
  readonly rule: string;
  readonly subject: string;
  readonly object: string;
  readonly message: string;
}

const Patterns = z.array(z.string()).min(1);

/** One line of `accepted-findings.yaml`: each rule is broken by each object in each subject that has it. */
const Accepted = z.strictObject({
  reason: z.string().regex(/^[A-Z].{30,}[.]$/s, 'expected a reason in a sentence'),
  /** `checkov/CKV_K8S_35`. */
  rules: Patterns,
  /** Keys of objects; `*` stands for any text. */
  objects: Patterns,
  /** Names of subjects, with `*` for any text; all of them where it is left out. */
  only: Patterns.optional(),
  except: Patterns.optional(),
});
export type Accepted = z.infer<typeof Accepted>;

export function readAccepted(text: string): readonly Accepted[] {
  return z.array(Accepted).parse(parse(text));
}

export function finding(written: WrittenSubjects, rule: string, path: string, message: string): Finding {
  const place = written.files.get(path);
  if (!place) throw new Error(`Cannot place what ${rule} says about ${path}: no such file was given to the linter`);
  return { rule, ...place, message };
}

/** What is found and not accepted, as people read it. */
export function unaccepted(findings: readonly Finding[], accepted: ReadonlySet<string>): readonly string[] {
  const rest = findings.filter((one) => !accepted.has(keyOf(one)));
  return [...new Set(rest.map((one) => `${keyOf(one)}: ${one.message}`))].sort();
}

/** What is accepted and not found: the list is to be shortened. */
export function outdated(findings: readonly Finding[], accepted: ReadonlySet<string>): readonly string[] {
  const found = new Set(findings.map(keyOf));
  return [...accepted].filter((key) => !found.has(key)).sort();
}

/** Names in an entry that no object or subject has. */
export function unknownNames(
  { objects, only = [], except = [] }: Accepted,
  subjects: readonly Subject[],
): readonly string[] {
  const names = subjects.map(({ name }) => name);
  const keys = subjects.flatMap((one) => one.objects.map(({ key }) => key));
  const without = (patterns: readonly string[], all: readonly string[]): readonly string[] =>
    patterns.filter((pattern) => !all.some(matcher([pattern])));
  return [...without(objects, keys), ...without([...only, ...except], names)];
}

/** Every finding that an entry foresees in these subjects. */
export function foreseen(
  { rules, objects, only = ['*'], except = [] }: Accepted,
  subjects: readonly Subject[],
): string[] {
  const isMeant = matcher(objects);
  const [isIn, isOut] = [matcher(only), matcher(except)];
  return subjects
    .filter(({ name }) => isIn(name) && !isOut(name))
    .flatMap((one) =>
      one.objects
        .map(({ key }) => key)
        .filter(isMeant)
        .map((object) => ({ subject: one.name, object })),
    )
    .flatMap((place) => rules.map((rule) => keyOf({ rule, ...place })));
}

function keyOf({ rule, subject, object }: Omit<Finding, 'message'>): string {
  return `${rule} ${subject} ${object}`;
}

function matcher(patterns: readonly string[]): (text: string) => boolean {
  const parts = patterns.map((pattern) => pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*'));
  const whole = new RegExp(`^(${parts.join('|')})$`);
  return (text) => whole.test(text);
}
