/** The policy once more, on the pods that were really rendered: a template of one's own opens no door either. */
import type { Finding } from '../../domain/finding.ts';
import { whyNoMount } from '../../domain/mount-paths.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import { hostAccess, securityObjections, tokenRefusal } from '../container-security.ts';
import { below, findingAt, items, type Manifest, type Place, place } from '../manifest.ts';
import { belongsToAnother, isDatabaseClaim, secretOwner } from '../secrets/secret-ownership.ts';
import { podTemplatesOf } from '../workloads.ts';
import type { ValidationContext } from './context.ts';
import { checkPlacement } from './placement.ts';

export function checkPods(manifest: Manifest, context: ValidationContext): readonly Finding[] {
  return podTemplatesOf(manifest).flatMap(({ spec, containers }) => [
    ...checkHost(manifest, spec, context),
    ...checkSecurity(manifest, spec, context),
    ...checkPlacement(manifest, spec),
    ...checkNames(manifest, containers),
    ...containers.flatMap((container) => checkContainer(manifest, container, context)),
    ...items(below(spec, 'volumes')).flatMap((volume) => checkVolume(manifest, volume, context)),
    ...checkMounts(manifest, spec, containers),
    ...namedObjects(spec, containers).flatMap((found) => checkNamed(manifest, found, context)),
  ]);
}

const hostFields = ['hostNetwork', 'hostPID', 'hostIPC'];

function checkHost(manifest: Manifest, spec: Place, { policy }: ValidationContext): readonly Finding[] {
  if (policy.allowHostAccess) return [];
  const open = hostFields.filter((field) => ![undefined, false].includes(fieldAt(spec.value, field) as undefined));
  return open.map((field) => findingAt(manifest, below(spec, field), hostAccess));
}

function checkSecurity(manifest: Manifest, owner: Place, { policy }: ValidationContext): readonly Finding[] {
  const context = below(owner, 'securityContext');
  return securityObjections(context.value, policy).map((found) =>
    findingAt(manifest, below(context, ...found.keys), found.message),
  );
}

/** Kubernetes wants one name a pod, across both lists. */
function checkNames(manifest: Manifest, containers: readonly Place[]): readonly Finding[] {
  const seen = new Set<unknown>();
  return containers.flatMap((container) => {
    const name = below(container, 'name');
    const again = seen.has(name.value);
    seen.add(name.value);
    return again && typeof name.value === 'string'
      ? [findingAt(manifest, name, `repeats the container name ${JSON.stringify(name.value)}`)]
      : [];
  });
}

function checkContainer(manifest: Manifest, container: Place, context: ValidationContext): readonly Finding[] {
  const ports = items(below(container, 'ports')).filter((port) => fieldAt(port.value, 'hostPort') !== undefined);
  const open = context.policy.allowHostAccess
    ? []
    : ports.map((port) => findingAt(manifest, below(port, 'hostPort'), hostAccess));
  return [
    ...open,
    ...checkSecurity(manifest, container, context),
    ...checkResources(manifest, below(container, 'resources')),
  ];
}

function checkResources(manifest: Manifest, resources: Place): readonly Finding[] {
  const requests = below(resources, 'requests');
  if (typeof requests.value !== 'object' || requests.value === null) return [];
  return Object.entries(requests.value).flatMap(([name, request]) => {
    const least = parseQuantity(request);
    const most = parseQuantity(fieldAt(resources.value, 'limits', name));
    if (least === null || most === null || least <= most) return [];
    return [findingAt(manifest, below(requests, name), `asks for more ${name} than its limit allows`)];
  });
}

function checkVolume(manifest: Manifest, volume: Place, { policy }: ValidationContext): readonly Finding[] {
  const doors = policy.allowHostAccess ? [] : ['hostPath', 'nfs', 'iscsi', 'fc', 'local', 'glusterfs', 'cephfs', 'rbd'];
  const open = doors.map((source) => below(volume, source)).filter((source) => source.value !== undefined);
  const sources = items(below(volume, 'projected', 'sources')).map((source) => below(source, 'serviceAccountToken'));
  const tokens = policy.allowServiceAccountTokens ? [] : sources.filter((source) => source.value !== undefined);
  return [
    ...open.map((source) => findingAt(manifest, source, hostAccess)),
    ...tokens.map((token) => findingAt(manifest, token, tokenRefusal)),
  ];
}

function checkMounts(manifest: Manifest, spec: Place, containers: readonly Place[]): readonly Finding[] {
  const claims = items(place(manifest, 'spec', 'volumeClaimTemplates'));
  const declared = new Set([
    ...items(below(spec, 'volumes')).map((volume) => fieldAt(volume.value, 'name')),
    ...claims.map((claim) => fieldAt(claim.value, 'metadata', 'name')),
  ]);
  return containers
    .flatMap((container) => items(below(container, 'volumeMounts')))
    .flatMap((mount) => {
      const name = fieldAt(mount.value, 'name');
      const path = fieldAt(mount.value, 'mountPath');
      const why = typeof path === 'string' ? whyNoMount(path) : null;
      return [
        ...(declared.has(name)
          ? []
          : [findingAt(manifest, below(mount, 'name'), `there is no volume ${JSON.stringify(name)}`)]),
        ...(why === null ? [] : [findingAt(manifest, below(mount, 'mountPath'), why)]),
      ];
    });
}

interface NamedObject extends Place {
  readonly kind: 'Secret' | 'claim' | 'account';
}

/** Every place where a pod names an object of the namespace that it does not hold itself. */
function namedObjects(spec: Place, containers: readonly Place[]): readonly NamedObject[] {
  const as =
    (kind: NamedObject['kind']) =>
    (found: Place): NamedObject => ({ ...found, kind });
  const volumes = items(below(spec, 'volumes'));
  const projected = volumes.flatMap((volume) => items(below(volume, 'projected', 'sources')));
  const environment = containers.flatMap((container) => items(below(container, 'env')));
  const sources = containers.flatMap((container) => items(below(container, 'envFrom')));
  const secrets = [
    ...items(below(spec, 'imagePullSecrets')).map((found) => below(found, 'name')),
    ...volumes.map((volume) => below(volume, 'secret', 'secretName')),
    ...volumes.map((volume) => below(volume, 'csi', 'nodePublishSecretRef', 'name')),
    ...projected.map((source) => below(source, 'secret', 'name')),
    ...environment.map((variable) => below(variable, 'valueFrom', 'secretKeyRef', 'name')),
    ...sources.map((source) => below(source, 'secretRef', 'name')),
  ];
  const accounts = [below(spec, 'serviceAccountName'), below(spec, 'serviceAccount')];
  return [
    ...secrets.map(as('Secret')),
    ...volumes.map((volume) => below(volume, 'persistentVolumeClaim', 'claimName')).map(as('claim')),
    ...accounts.map(as('account')),
  ].filter((found) => found.value !== undefined);
}

export function checkNamed(manifest: Manifest, found: NamedObject, context: ValidationContext): readonly Finding[] {
  const why = whyNotNamed(found.kind, String(found.value), context);
  return why === null ? [] : [findingAt(manifest, found, `"${String(found.value)}" ${why}`)];
}

function whyNotNamed(kind: NamedObject['kind'], name: string, context: ValidationContext): string | null {
  const others = 'belongs to another deployment or to its database';
  switch (kind) {
    case 'Secret':
      if (![null, context.resourceName].includes(secretOwner(name))) return others;
      return context.policy.reservedSecrets.includes(name) ? 'is reserved by policy.reservedSecrets' : null;
    case 'claim':
      return isDatabaseClaim(name) ? others : null;
    case 'account':
      return belongsToAnother(name, context.resourceName) ? others : null;
  }
}
