/** Tells whether two addresses name one git repository, however each of them is spelled. */

interface Address {
  readonly way: 'http' | 'ssh' | 'git' | 'file';
  readonly host: string;
  /** `''`: the usual one of its way. */
  readonly port: string;
  readonly path: string;
}

/** Ports count only between addresses of one way: a forge that answers ssh on 2222 and http on 3000 is one forge. */
export function sameRepository(one: string, other: string): boolean {
  const [first, second] = [addressOf(one), addressOf(other)];
  if (first.host !== second.host || first.path !== second.path) return false;
  if ((first.way === 'file') !== (second.way === 'file')) return false;
  return first.way !== second.way || first.port === second.port;
}

/** `git.example/team/repository`: without scheme, user, usual port and `.git`; a key for one way of asking. */
export function normalRepository(url: string): string {
  const { host, port, path } = addressOf(url);
  return `${host}${port === '' ? '' : `:${port}`}/${path}`;
}

const ways: ReadonlyMap<string, readonly [Address['way'], port: string]> = new Map([
  ['http', ['http', '80']],
  ['https', ['http', '443']],
  ['ssh', ['ssh', '22']],
  ['git+ssh', ['ssh', '22']],
  ['ssh+git', ['ssh', '22']],
  ['git', ['git', '9418']],
  ['file', ['file', '']],
]);

/** These forges do not tell `Acme/Agents` from `acme/agents`. */
const careless = new Set(['github.com', 'gitlab.com', 'bitbucket.org']);

function addressOf(text: string): Address {
  const trimmed = text.trim();
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/i.exec(trimmed);
  if (url) return fromUrl(url[1] ?? '', url[2] ?? '', url[3] ?? '');
  const [way, host, path] = withoutScheme(trimmed);
  return { way, host, port: '', path: pathOf(host, path) };
}

function fromUrl(scheme: string, authority: string, path: string): Address {
  const [way, usual] = ways.get(scheme.toLowerCase()) ?? ['http', ''];
  const place = authority.slice(authority.lastIndexOf('@') + 1);
  const [, name = place, port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(place) ?? [];
  const host = hostOf(name);
  return { way, host, port: port === usual ? '' : port, path: pathOf(host, path) };
}

/** `git@host:path`, as ssh takes it; else a folder, or a host and a path that lack their scheme. */
function withoutScheme(text: string): readonly [Address['way'], host: string, path: string] {
  const [, short, path] = /^(?:[^@/\s]+@)?(\[[^\]]+\]|[^:/\s[\]]{2,}):(?!\/\/)(.*)$/.exec(text) ?? [];
  if (short !== undefined) return ['ssh', hostOf(short), path ?? ''];
  const slash = text.indexOf('/');
  const first = slash === -1 ? text : text.slice(0, slash);
  if (!/^(?:localhost|[\w-]+(?:\.[\w-]+)+)$/i.test(first)) return ['file', '', text];
  return ['http', hostOf(first), slash === -1 ? '' : text.slice(slash)];
}

function hostOf(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function pathOf(host: string, path: string): string {
  const plain = decoded(path)
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
    .replace(/(?<=[^/])\.git$/i, '');
  return careless.has(host) ? plain.toLowerCase() : plain;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
