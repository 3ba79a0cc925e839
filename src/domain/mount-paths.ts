/** Where in a container a volume may be mounted: never over what makes the container work. */

/** Mounted over, these take the program, its libraries or the kernel's own files away. */
const vital = new Set([
  '/',
  '/api',
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/home',
  '/lib',
  '/lib64',
  '/opt',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/storage',
  '/sys',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/usr/local',
  '/usr/local/bin',
  '/usr/local/lib',
  '/var',
  '/var/lib',
  '/var/run',
]);
const closed = ['/proc/', '/sys/', '/dev/', '/var/run/secrets/kubernetes.io', '/run/secrets/kubernetes.io'];
const exceptions = new Set(['/dev/shm']);

/** Why nothing may be mounted there, or null. The path must be plain: absolute, without `..`, `:` or doubled slashes. */
export function whyNoMount(path: string): string | null {
  if (!path.startsWith('/')) return 'expected an absolute path';
  if (/[:\u0000-\u001f\u007f]/.test(path)) return 'holds a ":" or a control character';
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..') && path !== '/') {
    return 'expected a plain path without "." or ".." or doubled slashes';
  }
  const plain = path.length > 1 ? path.replace(/\/$/, '') : path;
  if (exceptions.has(plain)) return null;
  const shadowed = vital.has(plain) || closed.some((prefix) => `${plain}/`.startsWith(`${prefix.replace(/\/$/, '')}/`));
  return shadowed ? `would hide ${plain} of the container, which it needs to run` : null;
}
