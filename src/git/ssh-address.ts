/** Where a repository is over SSH: `ssh://[user@]host[:port]/path` and the short `[user@]host:path`. */
import { TransportError } from './transport.ts';

export interface SshAddress {
  readonly username: string;
  readonly host: string;
  readonly port: number;
  /** As the server's shell shall get it, not quoted. */
  readonly path: string;
}

const shortForm = /^(?:([^@/:\s]+)@)?(\[[0-9a-fA-F:.]+\]|[^@:/[\]\s]+):(?!\/\/)(.+)$/;

/** True for both ways of writing an SSH address. */
export function isSshAddress(url: string): boolean {
  return /^(?:git\+)?ssh:\/\//i.test(url) || (!url.includes('://') && shortForm.test(url));
}

export function parseSshAddress(url: string): SshAddress {
  const address = /^(?:git\+)?ssh:\/\//i.test(url) ? fromUrl(url) : fromShortForm(url);
  if (!address) throw unusable(url, 'expected ssh://git@host/path or git@host:path, without a password in it');
  // A leading hyphen would be read as an option, a control character would end the command.
  if (/^-/.test(address.host) || /^-/.test(address.username) || /^-/.test(address.path)) {
    throw unusable(url, 'host, user and path may not begin with "-"');
  }
  if (/[\u0000-\u001f\u007f]/.test(address.path)) throw unusable(url, 'the path holds a control character');
  return address;
}

/** `git-upload-pack '/team/it'\''s.git'`: one word for any POSIX shell, and for git-shell and the forges. */
export function sshCommand(service: string, path: string): string {
  return `${service} '${path.replace(/['!]/g, (character) => `'\\${character}'`)}'`;
}

function fromUrl(text: string): SshAddress | null {
  const url = URL.parse(text);
  if (!url?.hostname || url.password !== '' || url.search !== '' || url.hash !== '') return null;
  const path = decoded(url.pathname);
  const username = decoded(url.username);
  if (path === null || username === null || path === '' || path === '/') return null;
  return {
    username: username || 'git',
    host: url.hostname.replace(/^\[|\]$/g, '').toLowerCase(),
    port: url.port === '' ? 22 : Number(url.port),
    path: path.startsWith('/~') ? path.slice(1) : path,
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function fromShortForm(text: string): SshAddress | null {
  const [, username, host, path] = shortForm.exec(text) ?? [];
  if (!host || !path) return null;
  return { username: username ?? 'git', host: host.replace(/^\[|\]$/g, '').toLowerCase(), port: 22, path };
}

function unusable(url: string, why: string): TransportError {
  return new TransportError('unusable', `${JSON.stringify(url.replace(/:[^:@/]*@/, ':…@'))} is no SSH address: ${why}`);
}
