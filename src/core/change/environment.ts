/** Environment variables by name, never by value; and the Secrets that pods refer to, by name. */

import { canonicalJson } from '../../domain/canonical-json.ts';
import { fieldAt, listAt } from '../../domain/object-fields.ts';
import { reservedEnvironmentNames } from '../../domain/reserved-names.ts';
import { code } from '../pull-request/text.ts';
import { secretOwner } from '../secrets/secret-ownership.ts';
import type { Fact } from './facts.ts';
import { compareText, listed, missingFrom } from './words.ts';
import type { ChangedContainer, ChangedPod } from './workloads.ts';

/** The same for all parts that it names. Each list begins with what users set themselves: a reviewer knows the rest. */
export interface EnvironmentChange {
  /** Markdown. */
  readonly parts: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** Names of the client's own secrets and references; the others come from Towpath and its configuration. */
  readonly own: ReadonlySet<string>;
}

/** What every revision changes, because it is the revision's own name. */
interface RevisionNames {
  readonly before: string | null;
  readonly after: string | null;
}

export function environmentChanges(
  pods: readonly ChangedPod[],
  revisions: RevisionNames,
): readonly EnvironmentChange[] {
  const groups = new Map<string, EnvironmentChange>();
  for (const container of pods.flatMap((pod) => pod.containers)) {
    const change = environmentChange(container, revisions);
    if (change.added.length + change.removed.length + change.changed.length === 0) continue;
    const key = JSON.stringify([change.added, change.removed, change.changed]);
    groups.set(key, { ...change, parts: [...(groups.get(key)?.parts ?? []), container.part] });
  }
  return [...groups.values()];
}

/** More names than this make a table unreadable; then the table counts, and a list of its own names them. */
const namesInTable = 12;

export function environmentFacts(changes: readonly EnvironmentChange[]): readonly Fact[] {
  return changes.flatMap(({ parts, added, removed, changed, own }) => {
    const isShort = added.length + removed.length + changed.length <= namesInTable;
    const say = (names: readonly string[], word: string): readonly string[] => {
      if (names.length === 0) return [];
      const shown = isShort ? names : names.filter((name) => own.has(name));
      const rest = names.length - shown.length;
      if (shown.length === 0) return [`${rest} ${word}`];
      const words = `${word} ${listed(shown.map((name) => code(name)))}`;
      return [rest === 0 ? words : `${words}, and ${rest} that the platform sets`];
    };
    const after = [...say(added, 'added'), ...say(removed, 'removed'), ...say(changed, 'changed')].join('; ');
    return [{ topic: 'Environment', part: listed(parts, 6), before: null, after }];
  });
}

export function needsOwnList({ added, removed, changed }: EnvironmentChange): boolean {
  return added.length + removed.length + changed.length > namesInTable;
}

/** By name: which Secrets the pods read no longer, and which they begin to read. */
export function secretFacts(pods: readonly ChangedPod[]): readonly Fact[] {
  return pods.map((pod) => {
    const [before, after] = [secretNames(pod, 'before'), secretNames(pod, 'after')];
    const replaced = new Set(missingFrom(before, after).map(ownSecret));
    const young = missingFrom(after, before).map((name) => {
      const own = ownSecret(name);
      return own !== null && replaced.has(own) ? `${code(name)} (other values)` : code(name);
    });
    const old = missingFrom(before, after).map((name) => code(name));
    return { topic: 'Secrets, by name', part: pod.part, before: listed(old) || null, after: listed(young) || null };
  });
}

/** Secrets that only the proposal refers to, and that are not of Towpath's own making. */
export function newForeignSecrets(pod: ChangedPod): readonly string[] {
  return missingFrom(secretNames(pod, 'after'), secretNames(pod, 'before')).filter(
    (name) => secretOwner(name) === null,
  );
}

function environmentChange(container: ChangedContainer, revisions: RevisionNames): EnvironmentChange {
  const [before, after] = [variables(container.before), variables(container.after)];
  const changed = [...after].filter(([name, source]) => {
    const old = before.get(name);
    if (old === undefined || canonicalJson(old) === canonicalJson(source)) return false;
    return !(isText(old, revisions.before) && isText(source, revisions.after));
  });
  const own = new Set([...ownNames(container.before), ...ownNames(container.after)]);
  const ordered = (names: readonly string[]): readonly string[] =>
    names.toSorted((one, other) => Number(own.has(other)) - Number(own.has(one)));
  return {
    parts: [],
    added: ordered(missingFrom([...after.keys()], [...before.keys()])),
    removed: ordered(missingFrom([...before.keys()], [...after.keys()])),
    changed: ordered(changed.map(([name]) => name)),
    own,
  };
}

/** What comes from a Secret, but for the passwords that Towpath itself makes. */
function ownNames(container: unknown): readonly string[] {
  return listAt(container, 'env').flatMap((variable) => {
    const name = fieldAt(variable, 'name');
    const isOwn = typeof name === 'string' && !reservedEnvironmentNames.has(name);
    return isOwn && fieldAt(variable, 'valueFrom', 'secretKeyRef') !== undefined ? [name] : [];
  });
}

/** By name; a whole Secret or ConfigMap counts as one, with a name that no variable has. */
function variables(container: unknown): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const variable of listAt(container, 'env')) {
    const name = fieldAt(variable, 'name');
    if (typeof name === 'string') found.set(name, sourceOf(variable));
  }
  for (const source of listAt(container, 'envFrom')) {
    const [kind, reference] = fieldAt(source, 'secretRef')
      ? ['Secret', fieldAt(source, 'secretRef', 'name')]
      : ['ConfigMap', fieldAt(source, 'configMapRef', 'name')];
    // A Secret of Towpath's own gets another name with other values: still the same variables.
    const name = typeof reference === 'string' ? (ownSecret(reference) ?? reference) : '';
    found.set(`all of ${kind} ${name}`, fieldAt(source, 'prefix') ?? null);
  }
  return found;
}

/** A Secret's name is a digest of its values; that they changed is told once, not with every variable of it. */
function sourceOf(variable: unknown): unknown {
  const secret = fieldAt(variable, 'valueFrom', 'secretKeyRef');
  const name = fieldAt(secret, 'name');
  if (typeof name !== 'string') return { value: fieldAt(variable, 'value'), from: fieldAt(variable, 'valueFrom') };
  return { secret: ownSecret(name) ?? name, key: fieldAt(secret, 'key') };
}

function ownSecret(name: string): string | null {
  const owner = secretOwner(name);
  return owner === null ? null : `${owner}${/-(?:env|database)/.exec(name.slice(owner.length))?.[0] ?? ''}`;
}

function isText(source: unknown, text: string | null): boolean {
  return text !== null && fieldAt(source, 'value') === text;
}

function secretNames(pod: ChangedPod, side: 'before' | 'after'): readonly string[] {
  const names: unknown[] = [
    ...pod.containers.flatMap((container) => [
      ...listAt(container[side], 'env').map((one) => fieldAt(one, 'valueFrom', 'secretKeyRef', 'name')),
      ...listAt(container[side], 'envFrom').map((one) => fieldAt(one, 'secretRef', 'name')),
    ]),
    ...listAt(pod[side], 'imagePullSecrets').map((one) => fieldAt(one, 'name')),
    ...listAt(pod[side], 'volumes').flatMap((volume) => [
      fieldAt(volume, 'secret', 'secretName'),
      fieldAt(volume, 'csi', 'nodePublishSecretRef', 'name'),
      ...listAt(fieldAt(volume, 'projected'), 'sources').map((one) => fieldAt(one, 'secret', 'name')),
    ]),
  ];
  return [...new Set(names.filter((name): name is string => typeof name === 'string'))].sort(compareText);
}
