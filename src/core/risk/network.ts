/** Risks of being reached: new places that answer, callers that nobody checks, network policies that let in more. */

import { canonicalJson } from '../../domain/canonical-json.ts';
import { fieldAt, listAt } from '../../domain/object-fields.ts';
import type { ChangedObject } from '../change/changed-object.ts';
import { type Endpoint, endpointText } from '../change/routes.ts';
import { listed, missingFrom, objectName } from '../change/words.ts';
import type { ReadChange, Risk } from './read-change.ts';

export function routeRisks({ endpoints: { before, after }, pods, kind }: ReadChange): readonly Risk[] {
  if (kind === 'remove') return [];
  const known = new Set(before.map((one) => one.place));
  const opened = after.filter((one) => !known.has(one.place));
  const unencrypted = after.filter((one) => one.transport === 'plain' && wasEncrypted(before, one));
  const checks = (side: 'before' | 'after'): boolean =>
    pods.some((pod) => pod.containers.some((container) => checksCallers(container[side])));
  const found: Risk[] = [];
  if (opened.length > 0) {
    const unchecked = checks('after') ? '' : ' Nothing in the manifests says that callers are checked.';
    found.push({ label: 'public', text: `Opens ${listed(opened.map(endpointText))} to callers outside.${unchecked}` });
  }
  if (unencrypted.length > 0) {
    found.push({ label: 'public', text: `${listed(unencrypted.map(endpointText))} loses its TLS.` });
  }
  if (after.length > 0 && checks('before') && !checks('after')) {
    found.push({ label: 'public', text: 'Callers are no longer checked: `LANGGRAPH_AUTH_TYPE` is gone or off.' });
  }
  return found;
}

function wasEncrypted(before: readonly Endpoint[], { place }: Endpoint): boolean {
  return before.some((one) => one.place === place && one.transport === 'encrypted');
}

function checksCallers(container: unknown): boolean {
  return listAt(container, 'env').some((variable) => {
    const [name, value] = [fieldAt(variable, 'name'), fieldAt(variable, 'value')];
    return name === 'LANGGRAPH_AUTH_TYPE' && value !== undefined && value !== '' && value !== 'noop';
  });
}

const directions = [
  { type: 'Ingress', rules: 'ingress', peers: 'from', verb: 'lets in' },
  { type: 'Egress', rules: 'egress', peers: 'to', verb: 'lets out' },
] as const;

export function networkRisks({ objects, kind }: ReadChange): readonly Risk[] {
  if (kind === 'remove') return [];
  return objects.filter((object) => object.kind === 'NetworkPolicy').flatMap(looserPolicy);
}

function looserPolicy(object: ChangedObject): readonly Risk[] {
  const name = objectName(object);
  const [before, after] = [fieldAt(object.before?.object, 'spec'), fieldAt(object.after?.object, 'spec')];
  if (before === undefined) return [];
  if (after === undefined) return [{ label: null, text: `${name} goes: what it shut out may come in.` }];
  const found: string[] = [];
  if (canonicalJson(fieldAt(before, 'podSelector')) !== canonicalJson(fieldAt(after, 'podSelector'))) {
    found.push(`${name} protects other pods than before.`);
  }
  for (const { type, rules, peers, verb } of directions) {
    if (governs(before, type) && !governs(after, type)) found.push(`${name} no longer limits ${type.toLowerCase()}.`);
    const added = missingFrom(listAt(after, rules).map(canonicalJson), listAt(before, rules).map(canonicalJson));
    const open = listAt(after, rules).filter(
      (rule) => added.includes(canonicalJson(rule)) && listAt(rule, peers).length === 0,
    );
    if (added.length > 0) found.push(`${name} ${verb} ${open.length > 0 ? 'anyone' : 'others than before'}.`);
  }
  return found.map((text) => ({ label: null, text }));
}

/** As Kubernetes reads it: without `policyTypes` a policy is about ingress, and about egress where it has such rules. */
function governs(spec: unknown, type: 'Ingress' | 'Egress'): boolean {
  const types = listAt(spec, 'policyTypes');
  if (types.length > 0) return types.includes(type);
  return type === 'Ingress' || listAt(spec, 'egress').length > 0;
}
