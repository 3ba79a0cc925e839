/** Only the deployment's own pods reach its Postgres and Redis: the network policy that says so must be there. */
import type { Finding } from '../../domain/finding.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { selects } from '../label-selector.ts';
import { below, findingAt, items, type Manifest, type Place, place, textRecord } from '../manifest.ts';
import { podTemplatesOf } from '../workloads.ts';

const stores = new Set(['postgres', 'redis']);

export function checkProtection(manifests: readonly Manifest[]): readonly Finding[] {
  const policies = manifests.filter((manifest) => manifest.kind === 'NetworkPolicy');
  const guards = new Set<Manifest>();
  const unprotected = manifests.flatMap((workload) =>
    podTemplatesOf(workload).flatMap((template) => {
      const labels = textRecord(template.labels.value);
      const component = labels['app.kubernetes.io/component'] ?? '';
      if (!stores.has(component)) return [];
      const own = policies.filter((policy) => selects(fieldAt(policy.object, 'spec', 'podSelector'), labels));
      for (const policy of own) guards.add(policy);
      if (own.some(isAboutIngress)) return [];
      const message = `no NetworkPolicy of this folder protects ${component}; every pod of the cluster could reach it`;
      return [findingAt(workload, '/metadata/labels', message)];
    }),
  );
  return [...unprotected, ...[...guards].flatMap(checkDoors)];
}

function isAboutIngress(policy: Manifest): boolean {
  const types = fieldAt(policy.object, 'spec', 'policyTypes');
  return types === undefined || (Array.isArray(types) && types.includes('Ingress'));
}

/** Policies add up, so each of them counts: a rule without `from`, or one for all pods, opens the store to all. */
function checkDoors(policy: Manifest): readonly Finding[] {
  return items(place(policy, 'spec', 'ingress')).flatMap((rule) => {
    const peers = items(below(rule, 'from'));
    if (peers.length === 0) return [findingAt(policy, rule, 'lets everybody in; name the pods under "from"')];
    return peers
      .filter((peer) => !namesPods(peer))
      .map((peer) => findingAt(policy, peer, 'must name pods by a podSelector with labels'));
  });
}

function namesPods(peer: Place): boolean {
  const selector = fieldAt(peer.value, 'podSelector');
  const expressions = fieldAt(selector, 'matchExpressions');
  const named = Object.keys(textRecord(fieldAt(selector, 'matchLabels'))).length > 0;
  return (
    fieldAt(peer.value, 'ipBlock') === undefined && (named || (Array.isArray(expressions) && expressions.length > 0))
  );
}
