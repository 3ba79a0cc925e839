/**
 * The `restricted` level of the Pod Security Standards (with all of `baseline` in it), written from its text:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import { load } from 'js-yaml';

interface InsecureSetting {
  readonly where: string;
  readonly why: string;
}

type Data = Readonly<Record<string, unknown>>;

const hostNamespaces = ['hostNetwork', 'hostPID', 'hostIPC'];
const volumeKinds = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);
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
]);

/** Empty for an object that runs no pods. */
export function insecureSettings(text: string): InsecureSetting[] {
  const object = data(load(text));
  const pod = data(data(data(object['spec'])['template'])['spec']);
  if (!('containers' in pod)) return [];
  const name = `${String(object['kind'])} ${String(data(object['metadata'])['name'])}`;
  const containers = ['containers', 'initContainers', 'ephemeralContainers'].flatMap((key) => list(pod[key]));
  return [
    ...podProblems(pod).map((why) => ({ where: name, why })),
    ...containers.flatMap((container) =>
      containerProblems(container, data(pod['securityContext'])).map((why) => ({
        where: `${name}, container ${String(container['name'])}`,
        why,
      })),
    ),
  ];
}

function podProblems(pod: Data): string[] {
  const context = data(pod['securityContext']);
  const volumes = list(pod['volumes']);
  return [
    ...hostNamespaces.filter((key) => pod[key] === true).map((key) => `${key} is on`),
    ...volumes.flatMap((volume) =>
      Object.keys(volume)
        .filter((key) => key !== 'name' && !volumeKinds.has(key))
        .map((key) => `a volume of kind ${key}`),
    ),
    ...list(context['sysctls'])
      .filter((sysctl) => !safeSysctls.has(String(sysctl['name'])))
      .map((sysctl) => `sysctl ${String(sysctl['name'])}`),
    ...contextProblems(context),
  ];
}

function containerProblems(container: Data, pod: Data): string[] {
  const context = data(container['securityContext']);
  const capabilities = data(context['capabilities']);
  const added = strings(capabilities['add']).filter((name) => name !== 'NET_BIND_SERVICE');
  const seccomp = data(context['seccompProfile'])['type'] ?? data(pod['seccompProfile'])['type'];
  return [
    ...(context['privileged'] === true ? ['privileged'] : []),
    ...(context['allowPrivilegeEscalation'] === false ? [] : ['allowPrivilegeEscalation is not false']),
    ...(strings(capabilities['drop']).includes('ALL') ? [] : ['capabilities are not all dropped']),
    ...added.map((name) => `capability ${name} is added`),
    ...((context['runAsNonRoot'] ?? pod['runAsNonRoot']) === true ? [] : ['runAsNonRoot is not true']),
    ...(seccomp === 'RuntimeDefault' || seccomp === 'Localhost' ? [] : ['no seccomp profile']),
    ...(list(container['ports']).some((port) => port['hostPort']) ? ['a host port'] : []),
    ...probeHosts(container),
    ...contextProblems(context),
  ];
}

/** What pod and container say in the same words. */
function contextProblems(context: Data): string[] {
  const options = data(context['seLinuxOptions']);
  const type = options['type'];
  const selinux = ['container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t', undefined, ''];
  const armour = data(context['appArmorProfile'])['type'];
  return [
    ...(context['runAsUser'] === 0 ? ['runAsUser is 0'] : []),
    ...(data(context['windowsOptions'])['hostProcess'] === true ? ['hostProcess'] : []),
    ...(selinux.includes(type as string | undefined) ? [] : ['an SELinux type']),
    ...(options['user'] || options['role'] ? ['an SELinux user or role'] : []),
    ...(armour === undefined || armour === 'RuntimeDefault' || armour === 'Localhost' ? [] : ['an AppArmor profile']),
    ...(context['procMount'] === undefined || context['procMount'] === 'Default' ? [] : ['procMount']),
  ];
}

function probeHosts(container: Data): string[] {
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'].map((key) => data(container[key]));
  const handlers = [...probes, ...Object.values(data(container['lifecycle'])).map(data)];
  const hosts = handlers.flatMap((one) => [data(one['httpGet'])['host'], data(one['tcpSocket'])['host']]);
  return hosts.some(Boolean) ? ['a probe of another host'] : [];
}

function data(value: unknown): Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Data) : {};
}

function list(value: unknown): Data[] {
  return Array.isArray(value) ? value.map(data) : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
