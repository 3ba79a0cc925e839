/** Which forge a repository lies on, where its API answers, and what the repository is called there. */
import type { ForgeKind } from './pull-request.ts';

export interface ForgeAddress {
  readonly kind: ForgeKind;
  /** Without a closing slash; github.com: `https://api.github.com`. */
  readonly apiUrl: string;
  /** The forge's own pages: `https://github.com`. */
  readonly webUrl: string;
  /** `owner/name`; on GitLab with all groups: `group/subgroup/name`. */
  readonly repository: string;
}

const knownHosts: Readonly<Record<string, ForgeKind>> = {
  'github.com': 'github',
  'gitlab.com': 'gitlab',
  'codeberg.org': 'gitea',
};

/** Data residency: each enterprise has a host of its own. */
function isGithubCloud(host: string): boolean {
  return /^[a-z0-9-]+\.ghe\.com$/.test(host);
}

/** Where SSH answers on the port of https, for whom a firewall lets through nothing else. */
const sshHosts: Readonly<Record<string, string>> = {
  'ssh.github.com': 'github.com',
  'altssh.gitlab.com': 'gitlab.com',
};

interface Given {
  readonly repository: string;
  readonly publication: { readonly forge?: ForgeKind | undefined; readonly apiUrl?: string | undefined };
}

/** Null where nobody says what kind of forge it is, or the URL is none. An SSH URL stands for https on the same host. */
export function forgeAddress({ repository, publication }: Given): ForgeAddress | null {
  const place = placeOf(repository);
  const kind = publication.forge ?? (place && kindOf(place.host));
  if (!place || !kind) return null;
  // A forge below a path (https://example.com/git) is told by apiUrl alone, whose path it shares.
  const base = publication.apiUrl === undefined ? '' : basePath(publication.apiUrl, place.path);
  const webUrl = `${place.protocol}//${place.authority}${base}`;
  return {
    kind,
    webUrl,
    apiUrl: publication.apiUrl ?? apiUrls[kind](webUrl, place.host),
    repository: place.path
      .slice(base.length)
      .replace(/^\/+|\/+$/g, '')
      .replace(/\.git$/, ''),
  };
}

function kindOf(host: string): ForgeKind | undefined {
  return isGithubCloud(host) ? 'github' : knownHosts[host];
}

const apiUrls: Readonly<Record<ForgeKind, (webUrl: string, host: string) => string>> = {
  gitea: (webUrl) => `${webUrl}/api/v1`,
  gitlab: (webUrl) => `${webUrl}/api/v4`,
  github: (webUrl, host) => (host === 'github.com' || isGithubCloud(host) ? `https://api.${host}` : `${webUrl}/api/v3`),
};

interface Place {
  readonly protocol: string;
  /** Host, and port where the URL is one of HTTP. */
  readonly authority: string;
  readonly host: string;
  readonly path: string;
}

function placeOf(repository: string): Place | null {
  const short = /^[a-z_][a-z0-9._-]*@([a-z0-9.-]+):(?!\/\/)(.+)$/i.exec(repository);
  if (short?.[1] && short[2]) {
    return { protocol: 'https:', authority: short[1], host: short[1].toLowerCase(), path: `/${short[2]}` };
  }
  if (!URL.canParse(repository)) return null;
  const { protocol, host, hostname, pathname } = new URL(repository);
  if (protocol !== 'ssh:') return { protocol, authority: host, host: hostname, path: pathname };
  const known = sshHosts[hostname] ?? hostname;
  return { protocol: 'https:', authority: known, host: known, path: pathname };
}

function basePath(apiUrl: string, path: string): string {
  const base = new URL(apiUrl).pathname.replace(/\/api\/(?:v\d+|graphql)$/, '').replace(/\/+$/, '');
  return base !== '' && path.startsWith(`${base}/`) ? base : '';
}
