/** The policy on init containers and sidecars: their names, images, environment, resources and rights. */
import type { Policy } from '../../domain/configuration-namespace.ts';
import { EnvironmentName, SecretKey } from '../../domain/identifiers.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import type { Container, ResourceSpec } from '../../domain/resource-spec.ts';
import { securityObjections } from '../container-security.ts';
import { isObject } from '../read-manifest.ts';
import { checkConfigMap, checkImage, type Report, type SecretRule } from './report.ts';
import { checkMounts } from './volumes.ts';

const containerName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names that the template set gives to containers of its own. */
const ours = new Set(['api-server', 'api', 'queue', 'postgres', 'redis']);

export function checkContainers(report: Report, spec: ResourceSpec, policy: Policy, mayName: SecretRule): void {
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name));
  const seen = new Set<string>();
  for (const list of ['init_containers', 'sidecars'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const path = `resource_spec.${list}[${index}]`;
      checkName(report, `${path}.name`, container.name, seen);
      checkImage(report, `${path}.image`, container.image);
      checkWords(report, path, container);
      checkEnvironment(report, path, container, mayName);
      checkResources(report, `${path}.resources`, container.resources);
      checkMounts(report, `${path}.volumeMounts`, container.volumeMounts, { volumes, policy });
      for (const found of securityObjections(container.securityContext, policy)) {
        report(`${path}.securityContext${found.keys.map(step).join('')}`, found.message);
      }
    }
  }
}

function checkName(report: Report, path: string, name: string, seen: Set<string>): void {
  if (!containerName.test(name)) report(path, 'is no container name: lower-case letters, digits and "-", at most 63');
  else if (ours.has(name)) report(path, `"${name}" is the name of a container of the agent server`);
  else if (seen.has(name)) report(path, `repeats the container name "${name}"`);
  seen.add(name);
}

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];

function checkWords(report: Report, path: string, container: Container): void {
  const { imagePullPolicy, restartPolicy, workingDir } = container;
  if (imagePullPolicy && !pullPolicies.includes(imagePullPolicy)) {
    report(`${path}.imagePullPolicy`, `expected one of ${pullPolicies.join(', ')}`);
  }
  // What makes an init container a sidecar that starts first; Kubernetes knows no other word here.
  if (restartPolicy && restartPolicy !== 'Always') report(`${path}.restartPolicy`, 'expected "Always" or nothing');
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  if (words.some((word) => word.includes('\0')))
    report(`${path}.command`, 'holds a NUL character, which no command can');
  if (workingDir && !workingDir.startsWith('/')) report(`${path}.workingDir`, 'expected an absolute path');
}

function checkEnvironment(report: Report, path: string, container: Container, mayName: SecretRule): void {
  const seen = new Set<string>();
  for (const [index, variable] of (container.env ?? []).entries()) {
    const field = `${path}.env[${index}]`;
    if (!EnvironmentName.safeParse(variable.name).success)
      report(`${field}.name`, 'is no name of an environment variable');
    else if (seen.has(variable.name)) report(`${field}.name`, `repeats the variable "${variable.name}"`);
    seen.add(variable.name);
    if (variable.value?.includes('\0')) report(`${field}.value`, 'holds a NUL character, which no environment can');
    if (variable.valueFrom && typeof variable.value === 'string')
      report(field, 'has both value and valueFrom; keep one of them');
    if (variable.valueFrom) checkSource(report, `${field}.valueFrom`, variable.valueFrom, mayName);
  }
  for (const [index, source] of (container.envFrom ?? []).entries()) {
    checkBulkSource(report, `${path}.envFrom[${index}]`, source, mayName);
  }
}

const sources = ['secretKeyRef', 'configMapKeyRef', 'fieldRef', 'resourceFieldRef'];

function checkSource(
  report: Report,
  path: string,
  source: Readonly<Record<string, unknown>>,
  mayName: SecretRule,
): void {
  const [only, ...more] = present(source);
  if (only === undefined || more.length > 0 || !sources.includes(only)) {
    report(path, `expected exactly one of ${sources.join(', ')}`);
  }
  checkConfigMap(report, `${path}.configMapKeyRef`, source['configMapKeyRef']);
  const reference = source['secretKeyRef'];
  if (reference === undefined || reference === null) return;
  const why = mayName(fieldAt(reference, 'name'));
  if (why !== null) report(`${path}.secretKeyRef.name`, why);
  if (!SecretKey.safeParse(fieldAt(reference, 'key')).success)
    report(`${path}.secretKeyRef.key`, 'is no key of a Secret');
}

function checkBulkSource(
  report: Report,
  path: string,
  source: Readonly<Record<string, unknown>>,
  mayName: SecretRule,
): void {
  const [only, ...more] = present(source).filter((key) => key !== 'prefix');
  const prefix = source['prefix'] ?? '';
  if (prefix !== '' && !EnvironmentName.safeParse(prefix).success)
    report(`${path}.prefix`, 'cannot begin the name of an environment variable');
  if ((only !== 'secretRef' && only !== 'configMapRef') || more.length > 0) {
    report(path, 'expected exactly one of secretRef, configMapRef');
  }
  checkConfigMap(report, `${path}.configMapRef`, source['configMapRef']);
  const reference = source['secretRef'];
  if (reference === undefined || reference === null) return;
  const why = mayName(fieldAt(reference, 'name'));
  if (why !== null) report(`${path}.secretRef.name`, why);
}

function checkResources(report: Report, path: string, resources: Container['resources']): void {
  for (const part of ['requests', 'limits'] as const) {
    for (const [name, value] of Object.entries(resources?.[part] ?? {})) {
      const quantity = parseQuantity(value);
      if (quantity === null || quantity < 0) report(`${path}.${part}.${name}`, 'is no quantity such as 500m, 2 or 4Gi');
      if (!/^[a-z0-9][a-z0-9./-]*$/i.test(name))
        report(`${path}.${part}[${JSON.stringify(name)}]`, 'is no name of a resource');
    }
  }
  for (const [name, request] of Object.entries(resources?.requests ?? {})) {
    const [least, most] = [parseQuantity(request), parseQuantity(resources?.limits?.[name])];
    if (least !== null && most !== null && least > most) report(`${path}.requests.${name}`, 'is above its limit');
  }
}

/** Keys that say something; null means the same as absent. */
function present(value: unknown): readonly string[] {
  return isObject(value) ? Object.keys(value).filter((key) => value[key] !== null && value[key] !== undefined) : [];
}

function step(key: string | number): string {
  return typeof key === 'number' ? `[${key}]` : `.${key}`;
}
