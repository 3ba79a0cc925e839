/** Kubernetes label selectors: whether one takes a pod. */
import { dig, textRecord } from './manifest.ts';

export type Labels = Readonly<Record<string, string>>;

/** `{ matchLabels, matchExpressions }` against a pod's labels. */
export function selects(selector: unknown, labels: Labels): boolean {
  const wanted = Object.entries(textRecord(dig(selector, 'matchLabels')));
  const expressions = dig(selector, 'matchExpressions');
  return (
    wanted.every(([key, value]) => dig(labels, key) === value) &&
    (Array.isArray(expressions) ? expressions : []).every((expression) => holds(expression, labels))
  );
}

function holds(expression: unknown, labels: Labels): boolean {
  const value = dig(labels, String(dig(expression, 'key')));
  const values = dig(expression, 'values');
  const listed = Array.isArray(values) && values.includes(value);
  switch (dig(expression, 'operator')) {
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
