/** Kubernetes label selectors: whether one takes a pod. */

import { fieldAt } from '../domain/object-fields.ts';
import { textRecord } from './manifest.ts';

export type Labels = Readonly<Record<string, string>>;

/** `{ matchLabels, matchExpressions }` against a pod's labels. */
export function selects(selector: unknown, labels: Labels): boolean {
  const wanted = Object.entries(textRecord(fieldAt(selector, 'matchLabels')));
  const expressions = fieldAt(selector, 'matchExpressions');
  return (
    wanted.every(([key, value]) => fieldAt(labels, key) === value) &&
    (Array.isArray(expressions) ? expressions : []).every((expression) => holds(expression, labels))
  );
}

function holds(expression: unknown, labels: Labels): boolean {
  const value = fieldAt(labels, String(fieldAt(expression, 'key')));
  const values = fieldAt(expression, 'values');
  const listed = Array.isArray(values) && values.includes(value);
  switch (fieldAt(expression, 'operator')) {
    case 'In':
      return listed;
    case 'NotIn':
      return !listed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
