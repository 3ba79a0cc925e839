/** Where pods may run: what the schemas let through and the API server refuses, which would keep every workload away. */
import type { Finding } from '../../domain/finding.ts';
import { isLabelKey, isLabelValue } from '../../domain/label-syntax.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { below, findingAt, items, keysOf, type Manifest, type Place } from '../manifest.ts';

/** `spec` is a pod's, or another object's with the same fields. */
export function checkPlacement(manifest: Manifest, spec: Place): readonly Finding[] {
  const say = (where: Place, message: string | null): readonly Finding[] =>
    message === null ? [] : [findingAt(manifest, where, message)];
  const spreads = items(below(spec, 'topologySpreadConstraints'));
  return [
    ...nodeLabels(below(spec, 'nodeSelector')).flatMap(([where, why]) => say(where, why)),
    ...items(below(spec, 'tolerations')).flatMap((toleration) => say(toleration, whyNoToleration(toleration.value))),
    ...spreads.flatMap((spread) => say(below(spread, 'topologyKey'), whyNoLabel(fieldAt(spread.value, 'topologyKey')))),
    ...checkAffinity(below(spec, 'affinity'), say),
  ];
}

type Say = (where: Place, message: string | null) => readonly Finding[];

function nodeLabels(selector: Place): readonly (readonly [Place, string | null])[] {
  return keysOf(selector).flatMap((key) => {
    const label = below(selector, key);
    return [[label, whyNoLabel(key)] as const, [label, whyNoValue(label.value)] as const];
  });
}

function whyNoLabel(key: unknown): string | null {
  return typeof key !== 'string' || isLabelKey(key) ? null : `${JSON.stringify(key)} is no name of a label`;
}

function whyNoValue(value: unknown): string | null {
  return typeof value !== 'string' || isLabelValue(value) ? null : `${JSON.stringify(value)} is no value of a label`;
}

function whyNoToleration(toleration: unknown): string | null {
  const [key, value] = [fieldAt(toleration, 'key') ?? '', fieldAt(toleration, 'value') ?? ''];
  const [operator, effect] = [fieldAt(toleration, 'operator') ?? 'Equal', fieldAt(toleration, 'effect')];
  if (key === '' && operator !== 'Exists') return 'tolerates every taint only with operator Exists';
  if (operator === 'Exists' && value !== '') return 'has a value, which operator Exists does not take';
  if (fieldAt(toleration, 'tolerationSeconds') !== undefined && effect !== 'NoExecute') {
    return 'has tolerationSeconds, which only effect NoExecute takes';
  }
  return (key === '' ? null : whyNoLabel(key)) ?? whyNoValue(value);
}

function checkAffinity(affinity: Place, say: Say): readonly Finding[] {
  const [required, preferred] = [
    'requiredDuringSchedulingIgnoredDuringExecution',
    'preferredDuringSchedulingIgnoredDuringExecution',
  ];
  const ofNodes = below(affinity, 'nodeAffinity');
  const pods = ['podAffinity', 'podAntiAffinity'].map((kind) => below(affinity, kind));
  const liked = pods.flatMap((each) => items(below(each, preferred)));
  const likedNodes = items(below(ofNodes, preferred));
  const podTerms = [
    ...pods.flatMap((each) => items(below(each, required))),
    ...liked.map((each) => below(each, 'podAffinityTerm')),
  ];
  const nodeTerms = [
    ...items(below(ofNodes, required, 'nodeSelectorTerms')),
    ...likedNodes.map((each) => below(each, 'preference')),
  ];
  return [
    ...[...liked, ...likedNodes].flatMap((each) =>
      say(below(each, 'weight'), whyNoWeight(fieldAt(each.value, 'weight'))),
    ),
    ...nodeTerms
      .flatMap((term) => items(below(term, 'matchExpressions')))
      .flatMap((one) => say(one, whyNoRule(one.value, true))),
    ...podTerms.flatMap((term) => [
      ...say(below(term, 'topologyKey'), whyNoTopology(fieldAt(term.value, 'topologyKey'))),
      ...['labelSelector', 'namespaceSelector']
        .flatMap((name) => items(below(term, name, 'matchExpressions')))
        .flatMap((one) => say(one, whyNoRule(one.value, false))),
    ]),
  ];
}

function whyNoTopology(key: unknown): string | null {
  return key === '' ? 'names no label of the nodes' : whyNoLabel(key);
}

function whyNoWeight(weight: unknown): string | null {
  return typeof weight !== 'number' || (weight >= 1 && weight <= 100) ? null : 'must be 1 to 100';
}

/** How many values an operator takes; those of nodes know two more. */
const takes: Readonly<Record<string, (values: readonly unknown[]) => string | null>> = {
  In: (values) => (values.length > 0 ? null : 'names no values'),
  NotIn: (values) => (values.length > 0 ? null : 'names no values'),
  Exists: (values) => (values.length === 0 ? null : 'takes no values'),
  DoesNotExist: (values) => (values.length === 0 ? null : 'takes no values'),
};
const compared = (values: readonly unknown[]): string | null =>
  values.length === 1 && /^[+-]?\d+$/.test(String(values[0])) ? null : 'takes one whole number';

function whyNoRule(rule: unknown, isOfNodes: boolean): string | null {
  const operator = String(fieldAt(rule, 'operator'));
  const values = fieldAt(rule, 'values') ?? [];
  const known = isOfNodes ? { ...takes, Gt: compared, Lt: compared } : takes;
  const judge = Object.hasOwn(known, operator) ? known[operator] : undefined;
  if (judge === undefined) return `has operator ${JSON.stringify(operator)}; expected ${Object.keys(known).join(', ')}`;
  const why = judge(Array.isArray(values) ? values : []);
  return why === null ? whyNoLabel(fieldAt(rule, 'key')) : `operator ${operator} ${why}`;
}
