/** The policy on volumes and on where they are mounted: no door to the node, to others' data or to others' Secrets. */
import type { Policy } from '../../domain/configuration-namespace.ts';
import { ObjectName } from '../../domain/identifiers.ts';
import { whyNoMount } from '../../domain/mount-paths.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import type { ResourceSpec, Volume, VolumeMount } from '../../domain/resource-spec.ts';
import { hostAccess, tokenRefusal } from '../container-security.ts';
import { isObject } from '../read-manifest.ts';
import { isDatabaseClaim } from '../secrets/secret-ownership.ts';
import { checkConfigMap, type Report, type SecretRule } from './report.ts';

interface MountContext {
  readonly volumes: ReadonlySet<string>;
  readonly policy: Policy;
}

const volumeName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function checkVolumes(report: Report, spec: ResourceSpec, policy: Policy, mayName: SecretRule): void {
  const seen = new Set<string>();
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const path = `resource_spec.volumes[${index}]`;
    if (!volumeName.test(volume.name))
      report(`${path}.name`, 'is no volume name: lower-case letters, digits and "-", at most 63');
    else if (seen.has(volume.name)) report(`${path}.name`, `repeats the volume "${volume.name}"`);
    seen.add(volume.name);
    checkVolume(report, path, volume, { policy, mayName });
  }
  checkMounts(report, 'resource_spec.volume_mounts', spec.volume_mounts, { volumes: seen, policy });
}

interface VolumeContext {
  readonly policy: Policy;
  readonly mayName: SecretRule;
}

function checkVolume(report: Report, path: string, volume: Volume, context: VolumeContext): void {
  const sources = Object.entries(volume).filter(
    ([key, value]) => key !== 'name' && value !== null && value !== undefined,
  );
  if (sources.length !== 1) report(path, `expected exactly one source, found ${sources.length}`);
  for (const [kind, source] of sources) {
    const field = `${path}.${kind}`;
    checkFilePaths(report, field, source);
    switch (kind) {
      case 'secret':
        reportWhy(report, `${field}.secretName`, context.mayName(fieldAt(source, 'secretName')));
        break;
      case 'configMap':
        checkConfigMap(report, field, source);
        break;
      case 'projected':
        checkProjected(report, field, source, context);
        break;
      case 'persistentVolumeClaim':
        checkClaim(report, `${field}.claimName`, fieldAt(source, 'claimName'));
        break;
      case 'csi':
        checkDriver(report, field, source, context);
        break;
      case 'nfs':
        if (!context.policy.allowHostAccess) report(field, hostAccess);
        break;
    }
  }
}

const projections = new Set(['secret', 'configMap', 'downwardAPI', 'serviceAccountToken', 'clusterTrustBundle']);

function checkProjected(report: Report, path: string, projected: unknown, { policy, mayName }: VolumeContext): void {
  const sources: unknown = fieldAt(projected, 'sources');
  if (!Array.isArray(sources)) {
    report(`${path}.sources`, 'expected a list');
    return;
  }
  for (const [index, source] of sources.entries()) {
    const field = `${path}.sources[${index}]`;
    for (const kind of isObject(source) ? Object.keys(source) : []) {
      if (!projections.has(kind)) report(`${field}.${kind}`, 'is no source that Towpath lets through');
    }
    if (has(source, 'secret')) reportWhy(report, `${field}.secret.name`, mayName(fieldAt(source, 'secret', 'name')));
    checkConfigMap(report, `${field}.configMap`, fieldAt(source, 'configMap'));
    for (const kind of projections) checkFilePaths(report, `${field}.${kind}`, fieldAt(source, kind));
    if (has(source, 'serviceAccountToken') && !policy.allowServiceAccountTokens) {
      report(`${field}.serviceAccountToken`, tokenRefusal);
    }
  }
}

/** Where keys of Secrets and ConfigMaps become files: inside the volume. */
function checkFilePaths(report: Report, path: string, source: unknown): void {
  const files: unknown = fieldAt(source, 'items');
  for (const [index, file] of (Array.isArray(files) ? files : []).entries()) {
    const target: unknown = fieldAt(file, 'path');
    if (typeof target !== 'string' || !isInside(target)) {
      report(`${path}.items[${index}].path`, 'expected a relative path without ".." and control characters');
    }
  }
}

function isInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !/[\u0000-\u001f\u007f]/.test(path) && !path.split('/').includes('..');
}

function checkClaim(report: Report, path: string, name: unknown): void {
  if (typeof name !== 'string' || !ObjectName.safeParse(name).success) report(path, 'expected the name of a claim');
  else if (isDatabaseClaim(name)) report(path, `the claim "${name}" holds a deployment's database`);
}

/** A driver gets a Secret to log in with; drivers that hand out the node's own folders are doors to the node. */
function checkDriver(report: Report, path: string, source: unknown, { policy, mayName }: VolumeContext): void {
  const driver = fieldAt(source, 'driver');
  if (typeof driver !== 'string' || !ObjectName.safeParse(driver.toLowerCase()).success)
    report(`${path}.driver`, 'expected the name of a driver');
  else if (/host-?path/i.test(driver) && !policy.allowHostAccess) report(`${path}.driver`, hostAccess);
  else if (policy.csiDrivers && !policy.csiDrivers.includes(driver)) {
    report(`${path}.driver`, `the driver "${driver}" is not among those that policy.csiDrivers allows`);
  }
  if (has(source, 'nodePublishSecretRef')) {
    reportWhy(report, `${path}.nodePublishSecretRef.name`, mayName(fieldAt(source, 'nodePublishSecretRef', 'name')));
  }
}

export function checkMounts(
  report: Report,
  path: string,
  mounts: readonly VolumeMount[] | null | undefined,
  { volumes, policy }: MountContext,
): void {
  const seen = new Set<string>();
  for (const [index, mount] of (mounts ?? []).entries()) {
    const field = `${path}[${index}]`;
    const target = mount.mountPath.replace(/\/+$/, '');
    if (!volumes.has(mount.name))
      report(`${field}.name`, `there is no volume "${mount.name}" in resource_spec.volumes`);
    reportWhy(report, `${field}.mountPath`, whyNoMount(mount.mountPath));
    if (seen.has(target)) report(`${field}.mountPath`, `is mounted twice: ${JSON.stringify(mount.mountPath)}`);
    seen.add(target);
    checkSubPaths(report, field, mount);
    checkPropagation(report, `${field}.mountPropagation`, mount.mountPropagation, policy);
  }
}

/** `Bidirectional` mounts onto the node; Kubernetes lets only privileged containers have it. */
function checkPropagation(report: Report, path: string, word: string | null | undefined, policy: Policy): void {
  const allowed = ['None', 'HostToContainer', ...(policy.allowPrivileged ? ['Bidirectional'] : [])];
  if (word && !allowed.includes(word)) report(path, `expected one of ${allowed.join(', ')}`);
}

function checkSubPaths(report: Report, field: string, mount: VolumeMount): void {
  if (mount.subPath && mount.subPathExpr) report(field, 'has both subPath and subPathExpr; keep one of them');
  for (const key of ['subPath', 'subPathExpr'] as const) {
    const path = mount[key];
    if (path && !isInside(path)) {
      report(`${field}.${key}`, 'expected a relative path without ".." and control characters');
    }
  }
}

function has(value: unknown, key: string): boolean {
  const found = fieldAt(value, key);
  return found !== undefined && found !== null;
}

function reportWhy(report: Report, path: string, why: string | null): void {
  if (why !== null) report(path, why);
}
