/**
 * DESIGN's policy on what a client asked for: nobody reaches beyond his own deployment in a shared namespace.
 * The control plane takes most structures as they come, so this is the gate; it names the field that is meant.
 */
import type { Namespace, Policy } from '../../domain/configuration-namespace.ts';
import type { Finding } from '../../domain/finding.ts';
import { EnvironmentName, ObjectName, SecretKey } from '../../domain/identifiers.ts';
import { isLabelKey, isLabelValue } from '../../domain/label-syntax.ts';
import type { ResourceSpec } from '../../domain/resource-spec.ts';
import { isDoorToNode, whyOperators, whyReserved } from '../owned-keys.ts';
import { plainLine } from '../plain-line.ts';
import { belongsToAnother, configuredSecrets, secretOwner } from '../secrets/secret-ownership.ts';
import { isOperated, type RenderInput } from '../template/set.ts';
import { checkContainers } from './containers.ts';
import { checkImage, type Report, type SecretRule } from './report.ts';
import { checkVolumes } from './volumes.ts';

type PolicyInput = Pick<RenderInput, 'resourceName' | 'specification' | 'namespace' | 'agentServer'>;

/** Beyond these nobody reads on; the request is refused anyway. */
const mostFindings = 100;

export function checkPolicy(input: PolicyInput): readonly Finding[] {
  const findings: Finding[] = [];
  let count = 0;
  const report: Report = (path, message) => {
    count += 1;
    if (count > mostFindings) return;
    findings.push({ path: plainLine(path, 500), line: null, pointer: null, message: plainLine(message, 1000) });
  };
  const { specification } = input;
  const spec = specification.resourceSpec;
  const mayName = secretRule(input);
  checkImage(report, 'image', specification.image);
  const { namespace } = input;
  const { policy } = namespace;
  checkKeyed(report, 'resource_spec.labels', spec.labels, { namespace, isValue: isLabelValue });
  checkKeyed(report, 'resource_spec.annotations', spec.annotations, { namespace, isValue: () => true });
  checkAnnotationSize(report, spec.annotations);
  checkSecretReferences(report, input, mayName);
  checkServiceAccount(report, input);
  for (const [index, secret] of (spec.image_pull_secrets ?? []).entries()) {
    // To pull images with it again is no harm; to read it is.
    const why = input.agentServer.pods.imagePullSecrets.includes(secret.name) ? null : mayName(secret.name);
    if (why !== null) report(`resource_spec.image_pull_secrets[${index}].name`, why);
  }
  checkSizes(report, spec);
  checkVolumes(report, spec, policy, mayName);
  checkContainers(report, spec, policy, mayName);
  if (count <= mostFindings) return findings;
  const message = `and ${count - mostFindings} more findings in this request`;
  return [...findings, { path: 'resource_spec', line: null, pointer: null, message }];
}

function secretRule({ namespace, agentServer }: PolicyInput): SecretRule {
  const configured = configuredSecrets(namespace, agentServer);
  return (name) => {
    if (typeof name !== 'string' || !ObjectName.safeParse(name).success) return 'expected the name of a Secret';
    if (secretOwner(name) !== null)
      return `the Secret "${name}" was made by Towpath for a deployment; nobody names it by hand`;
    const option = configured.get(name);
    return option === undefined
      ? null
      : `the Secret "${name}" is reserved: the listener's configuration names it (${option})`;
  };
}

function checkKeyed(
  report: Report,
  path: string,
  keyed: Readonly<Record<string, string>> | null | undefined,
  { namespace, isValue }: { readonly namespace: Namespace; readonly isValue: (value: string) => boolean },
): void {
  for (const [key, value] of Object.entries(keyed ?? {})) {
    const field = `${path}[${JSON.stringify(key)}]`;
    const reserved =
      whyReserved(key) ?? (isOperated(namespace) ? whyOperators(key) : null) ?? whyConfigured(key, namespace.policy);
    if (!isLabelKey(key))
      report(field, 'is no valid key: expected name or prefix.example/name, of letters, digits, "-", "_" and "."');
    else if (reserved !== null) report(field, `is reserved: ${reserved}`);
    if (!isValue(value))
      report(
        field,
        'is no valid label value: at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
      );
  }
}

function whyConfigured(key: string, { reservedKeys, allowHostAccess }: Policy): string | null {
  if (isDoorToNode(key) && !allowHostAccess) return 'it attaches pods to networks of the node (policy.allowHostAccess)';
  const found = reservedKeys.some(
    (reserved) => key === reserved || (reserved.endsWith('/') && key.startsWith(reserved)),
  );
  return found ? "the listener's configuration keeps it for others (policy.reservedKeys)" : null;
}

const mostAnnotationBytes = 262_144;

function checkAnnotationSize(report: Report, annotations: ResourceSpec['annotations']): void {
  const bytes = Object.entries(annotations ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key + value),
    0,
  );
  if (bytes > mostAnnotationBytes)
    report('resource_spec.annotations', 'are larger than the 256 KiB that Kubernetes stores');
}

function checkSecretReferences(report: Report, { specification }: PolicyInput, mayName: SecretRule): void {
  const seen = new Set<string>();
  for (const [index, reference] of specification.secretReferences.entries()) {
    const path = `secret_references[${index}]`;
    if (!EnvironmentName.safeParse(reference.name).success)
      report(`${path}.name`, 'is no name of an environment variable');
    if (seen.has(reference.name)) report(`${path}.name`, `repeats the variable "${reference.name}"`);
    seen.add(reference.name);
    if (!SecretKey.safeParse(reference.secret_key).success) report(`${path}.secret_key`, 'is no key of a Secret');
    const why = mayName(reference.secret_name);
    if (why !== null) report(`${path}.secret_name`, why);
  }
  for (const [index, name] of specification.secretNames.entries()) {
    if (!EnvironmentName.safeParse(name).success)
      report(`secrets[${index}].name`, 'is no name of an environment variable');
  }
}

function checkServiceAccount(report: Report, { specification, namespace, resourceName }: PolicyInput): void {
  const path = 'resource_spec.service_account_name';
  const name = specification.resourceSpec.service_account_name ?? null;
  if (name === null) return;
  const allowed = namespace.policy.serviceAccounts;
  if (!ObjectName.safeParse(name).success) report(path, 'is no name of a ServiceAccount');
  else if (belongsToAnother(name, resourceName))
    report(path, `the ServiceAccount "${name}" belongs to another deployment`);
  else if (allowed && !allowed.includes(name) && name !== resourceName) {
    report(path, `the ServiceAccount "${name}" is not among those that policy.serviceAccounts allows`);
  }
}

const sizes: readonly (readonly [keyof ResourceSpec, keyof ResourceSpec])[] = [
  ['min_scale', 'max_scale'],
  ['queue_min_scale', 'queue_max_scale'],
  ...['', 'queue_', 'redis_', 'db_'].flatMap((part) => [
    [`${part}cpu`, `${part}cpu_limit`] as [keyof ResourceSpec, keyof ResourceSpec],
    [`${part}memory_mb`, `${part}memory_limit_mb`] as [keyof ResourceSpec, keyof ResourceSpec],
  ]),
];

function checkSizes(report: Report, spec: ResourceSpec): void {
  for (const [least, most] of sizes) {
    const [low, high] = [spec[least], spec[most]];
    if (typeof low === 'number' && typeof high === 'number' && low > high) {
      report(`resource_spec.${least}`, `is ${low}, above ${most}, which is ${high}`);
    }
  }
}
