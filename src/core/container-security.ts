/** What a container or pod may not ask for in its security context; the same for clients' words and rendered pods. */
import type { Policy } from '../domain/configuration-namespace.ts';
import { isObject } from './read-manifest.ts';

interface Objection {
  /** Keys that lead to what is meant, from the thing that was handed in. */
  readonly keys: readonly (string | number)[];
  readonly message: string;
}

const privileged = 'is not allowed in this namespace; its configuration would have to say policy.allowPrivileged';
export const hostAccess =
  'is not allowed in this namespace; its configuration would have to say policy.allowHostAccess';

export const tokenRefusal =
  'projects a token of the service account; the namespace’s configuration would have to say policy.allowServiceAccountTokens';

/** A container's or a pod's `securityContext`. */
export function securityObjections(
  context: unknown,
  policy: Pick<Policy, 'allowPrivileged' | 'allowHostAccess'>,
): readonly Objection[] {
  if (!isObject(context)) return [];
  return [
    ...(policy.allowPrivileged ? [] : privilegeObjections(context)),
    ...(policy.allowHostAccess ? [] : hostObjections(context)),
  ];
}

function privilegeObjections(context: { readonly [key: string]: unknown }): readonly Objection[] {
  const found: Objection[] = [];
  const object = (...keys: (string | number)[]) => found.push({ keys, message: privileged });
  if (isOn(context['privileged'])) object('privileged');
  if (isOn(context['allowPrivilegeEscalation'])) object('allowPrivilegeEscalation');
  if (isRoot(context['runAsUser'])) object('runAsUser');
  if (context['procMount'] !== undefined && context['procMount'] !== null && context['procMount'] !== 'Default')
    object('procMount');
  if (isObject(context['seLinuxOptions'])) object('seLinuxOptions');
  for (const index of addedCapabilities(context['capabilities'])) object('capabilities', 'add', index);
  for (const profile of ['seccompProfile', 'appArmorProfile']) {
    const chosen = context[profile];
    if (isObject(chosen) && chosen['type'] !== 'RuntimeDefault' && chosen['type'] !== 'Localhost')
      object(profile, 'type');
  }
  if (Array.isArray(context['sysctls'])) {
    for (const [index, sysctl] of context['sysctls'].entries()) {
      if (!isObject(sysctl) || !safeSysctls.has(String(sysctl['name']))) object('sysctls', index);
    }
  }
  return found;
}

function hostObjections(context: { readonly [key: string]: unknown }): readonly Objection[] {
  const windows = context['windowsOptions'];
  return isObject(windows) && isOn(windows['hostProcess'])
    ? [{ keys: ['windowsOptions', 'hostProcess'], message: hostAccess }]
    : [];
}

/** Anything that is not plainly off counts as on: a string or number there is refused by its type elsewhere. */
function isOn(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

function isRoot(value: unknown): boolean {
  return value !== undefined && value !== null && Number(value) === 0;
}

/** NET_BIND_SERVICE is the one that even the `restricted` level lets through. */
function addedCapabilities(capabilities: unknown): readonly number[] {
  const added: unknown = isObject(capabilities) ? capabilities['add'] : undefined;
  if (added === undefined || added === null) return [];
  const names: readonly unknown[] = Array.isArray(added) ? added : [added];
  return names.flatMap((name, index) => (name === 'NET_BIND_SERVICE' ? [] : [index]));
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);
