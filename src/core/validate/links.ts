/** What objects say of each other: selectors, targets and backends must meet this deployment's own, and only those. */
import type { Finding } from '../../domain/finding.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { type Labels, selects } from '../label-selector.ts';
import { below, findingAt, type Manifest, type Place, place, textRecord } from '../manifest.ts';
import { podTemplatesOf } from '../workloads.ts';
import { revisionLabel, type ValidationContext } from './context.ts';
import { checkProtection } from './network.ts';
import { checkRoutes } from './routes.ts';

export function checkLinks(manifests: readonly Manifest[], context: ValidationContext): readonly Finding[] {
  const pods = manifests.flatMap((manifest) =>
    podTemplatesOf(manifest).map((template) => textRecord(template.labels.value)),
  );
  return [
    ...manifests.flatMap((manifest) => checkWorkloadSelector(manifest, context)),
    ...manifests.flatMap((manifest) => checkForeignSelectors(manifest, pods, context)),
    ...manifests.flatMap((manifest) => checkScaling(manifest, manifests)),
    ...checkRoutes(manifests, context),
    ...checkProtection(manifests),
    ...checkRevisionIsProvable(manifests, pods, context),
  ];
}

const selecting = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

function checkWorkloadSelector(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  if (!selecting.has(manifest.kind)) return [];
  const selector = place(manifest, 'spec', 'selector', 'matchLabels');
  const wanted = textRecord(selector.value);
  const labels = textRecord(podTemplatesOf(manifest)[0]?.labels.value);
  const missing = Object.keys(wanted).filter((key) => fieldAt(labels, key) !== wanted[key]);
  return [
    ...missing.map((key) => findingAt(manifest, below(selector, key), 'does not match the labels of the pod template')),
    ...checkOwnership(manifest, place(manifest, 'spec', 'selector'), wanted, context),
  ];
}

/** Services, budgets and network policies: whom they select must be ours. */
function checkForeignSelectors(
  manifest: Manifest,
  pods: readonly Labels[],
  context: ValidationContext,
): readonly Finding[] {
  const selector = selectorOf(manifest);
  if (!selector) return [];
  const asked = manifest.kind === 'Service' ? { matchLabels: selector.value } : selector.value;
  const wanted = textRecord(fieldAt(asked, 'matchLabels'));
  const findings = checkOwnership(manifest, selector, wanted, context);
  if (findings.length > 0) return findings;
  const met = pods.some((labels) => selects(asked, labels));
  return met ? [] : [findingAt(manifest, selector, 'selects none of the pods that this folder makes')];
}

function selectorOf(manifest: Manifest): Place | null {
  switch (manifest.kind) {
    case 'Service':
    case 'PodDisruptionBudget':
      return place(manifest, 'spec', 'selector');
    case 'NetworkPolicy':
      return place(manifest, 'spec', 'podSelector');
    default:
      return null;
  }
}

/** A selector without a value that only this deployment has would take the neighbours' pods too. */
function checkOwnership(
  manifest: Manifest,
  selector: Place,
  wanted: Labels,
  context: ValidationContext,
): readonly Finding[] {
  const values = Object.values(wanted);
  const deploymentId = context.labels['towpath.dev/deployment-id'];
  const forbidden = [revisionLabel, 'app.kubernetes.io/version'].filter((key) => key in wanted);
  const changing = forbidden.map((key) =>
    findingAt(manifest, selector, `selects by ${key}, which changes with every revision`),
  );
  if (values.includes(context.resourceName) || (deploymentId && values.includes(deploymentId))) return changing;
  const message = `must select by a label whose value is "${context.resourceName}", or it takes other deployments' pods`;
  return [...changing, findingAt(manifest, selector, message)];
}

const autoscalers = new Set(['HorizontalPodAutoscaler', 'ScaledObject']);

/** An autoscaler's target is here, and leaves the number of replicas to it. */
function checkScaling(manifest: Manifest, all: readonly Manifest[]): readonly Finding[] {
  if (!autoscalers.has(manifest.kind)) return [];
  const target = place(manifest, 'spec', 'scaleTargetRef');
  const kind = fieldAt(target.value, 'kind') ?? 'Deployment';
  const name = fieldAt(target.value, 'name');
  const workload = all.find((one) => one.kind === kind && one.name === name);
  if (!workload) return [findingAt(manifest, target, `there is no ${String(kind)} "${String(name)}" in this folder`)];
  const limits = checkScaleLimits(manifest);
  if (fieldAt(workload.object, 'spec', 'replicas') === undefined) return limits;
  const message = `leave replicas out: ${manifest.path} owns them, and the engine would undo its work`;
  return [...limits, findingAt(workload, '/spec/replicas', message)];
}

function checkScaleLimits(manifest: Manifest): readonly Finding[] {
  const scaledObject = manifest.kind === 'ScaledObject';
  const least = fieldAt(manifest.object, 'spec', scaledObject ? 'minReplicaCount' : 'minReplicas');
  const most = place(manifest, 'spec', scaledObject ? 'maxReplicaCount' : 'maxReplicas');
  if (typeof least !== 'number' || typeof most.value !== 'number' || least < most.value) return [];
  return [findingAt(manifest, most, 'must be above the minimum; without room there is nothing to scale')];
}

/** Rollouts are proved by the revision's label on new pods; without it nobody could say that a revision runs. */
function checkRevisionIsProvable(
  manifests: readonly Manifest[],
  pods: readonly Labels[],
  context: ValidationContext,
): readonly Finding[] {
  const workload = manifests.find((manifest) => podTemplatesOf(manifest).length > 0);
  if (context.revisionId === null || !workload || pods.some((labels) => revisionLabel in labels)) return [];
  return [
    findingAt(
      workload,
      '/metadata/labels',
      `no workload bears ${revisionLabel}, so nobody can see which revision runs`,
    ),
  ];
}
