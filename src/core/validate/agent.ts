/** What must hold of an LGP beyond its pods: what the operator puts on everything it makes, its database, its scaling. */
import type { Finding } from '../../domain/finding.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { below, findingAt, keysOf, type Manifest, type Place, place } from '../manifest.ts';
import { whyOperators } from '../owned-keys.ts';
import { revisionLabel, type ValidationContext } from './context.ts';
import { checkIdentity, checkKeyed } from './object.ts';
import { checkPlacement } from './placement.ts';
import { checkNamed } from './pods.ts';

export function checkAgent(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  if (manifest.kind !== 'LGP') return [];
  return [
    ...checkShared(manifest, context),
    ...checkOperators(manifest),
    ...checkPlacement(manifest, place(manifest, 'spec')),
    ...checkDatabase(manifest, context),
    ...checkReplicas(manifest),
    ...checkScale(manifest, 'minReplicas', 'maxReplicas'),
    ...checkScale(manifest, 'queueMinReplicas', 'queueMaxReplicas'),
  ];
}

const ofOneRevision = [revisionLabel, 'app.kubernetes.io/version'];

/** `spec.labels` and `spec.annotations` reach Services, the database and its pods, too. */
function checkShared(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  const spec = place(manifest, 'spec');
  const shared = { labels: below(spec, 'labels'), annotations: below(spec, 'annotations') };
  const changing = keysOf(shared.labels).filter((key) => ofOneRevision.includes(key));
  return [
    ...checkKeyed(manifest, shared),
    ...checkIdentity(manifest, shared.labels, context),
    ...changing.map((key) =>
      findingAt(
        manifest,
        below(shared.labels, key),
        `changes with every revision and would roll the database, too; put ${key} under spec.serverSpec.labels`,
      ),
    ),
    ...findable(manifest, shared.labels),
  ];
}

const sought = ['towpath.dev/deployment-id', 'towpath.dev/listener-id'];

/** By these the listener finds the pods of a deployment, and what is left of one that was deleted. */
function findable(manifest: Manifest, labels: Place): readonly Finding[] {
  return sought
    .filter((key) => fieldAt(labels.value, key) === undefined)
    .map((key) => findingAt(manifest, labels, `misses ${key}, by which the listener finds what the operator makes`));
}

function checkOperators(manifest: Manifest): readonly Finding[] {
  const places = [place(manifest, 'spec'), place(manifest, 'spec', 'serverSpec')];
  return places
    .flatMap((owner) => [below(owner, 'labels'), below(owner, 'annotations')])
    .flatMap((keyed) =>
      keysOf(keyed).flatMap((key) => {
        const why = whyOperators(key);
        return why === null ? [] : [findingAt(manifest, below(keyed, key), why)];
      }),
    );
}

function checkDatabase(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  const database = place(manifest, 'spec', 'database');
  const secret = below(database, 'secretName');
  if (secret.value !== undefined) return checkNamed(manifest, { ...secret, kind: 'Secret' }, context);
  if (fieldAt(database.value, 'enabled') !== true) return [];
  const message = 'misses secretName; without it every database of the namespace would have one and the same password';
  return [findingAt(manifest, database, message)];
}

function checkReplicas(manifest: Manifest): readonly Finding[] {
  const replicas = place(manifest, 'spec', 'serverSpec', 'replicas');
  if (fieldAt(manifest.object, 'spec', 'autoscaling', 'enabled') !== true || replicas.value === undefined) return [];
  return [
    findingAt(manifest, replicas, 'leave replicas out: the autoscaler owns them, and the engine would undo its work'),
  ];
}

function checkScale(manifest: Manifest, least: string, most: string): readonly Finding[] {
  const autoscaling = place(manifest, 'spec', 'autoscaling');
  const [min, max] = [fieldAt(autoscaling.value, least), below(autoscaling, most)];
  if (typeof min !== 'number' || typeof max.value !== 'number' || min <= max.value) return [];
  return [findingAt(manifest, max, `is below ${least}, which is ${min}`)];
}
