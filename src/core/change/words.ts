/** How a change is put into words: names of parts, values with what they were, lists that stay readable. */

import { code } from '../pull-request/text.ts';
import type { ChangedObject } from './changed-object.ts';

const parts: ReadonlyMap<string, string> = new Map([
  ['api', 'API'],
  ['queue', 'queue'],
  ['postgres', 'Postgres'],
  ['redis', 'Redis'],
  ['agent', 'agent'],
]);

/** `API` or `queue` where the workload is one of Towpath's, else `Deployment/name` as code. */
export function partOf(object: Pick<ChangedObject, 'kind' | 'name' | 'component'>): string {
  return (object.component !== null && parts.get(object.component)) || objectName(object);
}

export function objectName({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return code(`${kind}/${name}`);
}

/** `a`, `a and b`, `a, b and c`; beyond `most` it says how many more there are. */
export function listed(words: readonly string[], most = 12): string {
  const unique = [...new Set(words)];
  const shown = unique.length > most ? [...unique.slice(0, most - 1), `${unique.length - most + 1} more`] : unique;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** By code units: the same on every machine, as no locale is. */
export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Members of the first list that the second lacks. */
export function missingFrom(list: readonly string[], other: readonly string[]): readonly string[] {
  const held = new Set(other);
  return list.filter((one) => !held.has(one));
}
