/** Where the API server is and who asks it: plain accounts are read here, all others by the official client's KubeConfig. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import { dirname, resolve } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ClusterAccess } from '../../domain/configuration-cluster.ts';
import { unusable } from './failure.ts';

export interface KubernetesAccess {
  /** URL without a slash at its end. */
  readonly server: string;
  /** Asked before each request: tokens are renewed by others. */
  identity(): Promise<Identity>;
}

export interface Identity {
  readonly headers: Readonly<Record<string, string>>;
  /** A new pool of connections, with the certificates as they are now; undefined: the usual one will do. */
  pool(): Dispatcher | undefined;
}

/** Whether this process runs in a pod that may ask its own cluster. */
export function isInCluster(environment: NodeJS.ProcessEnv = process.env): boolean {
  return Boolean(environment['KUBERNETES_SERVICE_HOST']);
}

/** Throws terminal `UnusableKubeconfig`. */
export function openAccess(access: ClusterAccess): KubernetesAccess {
  if (access.kubeconfig === undefined && !isInCluster()) {
    throw unusable(access.kubeconfig, 'this is no pod of a cluster');
  }
  return plainAccess(access.kubeconfig === undefined ? ofPod() : ofKubeconfig(access)) ?? officialAccess(access);
}

const PlainCluster = z.strictObject({
  server: z.url({ protocol: /^https$/ }),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
});

const PlainUser = z.strictObject({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
});

interface Account {
  readonly cluster: z.infer<typeof PlainCluster>;
  readonly user: z.infer<typeof PlainUser>;
  /** Paths are relative to it. */
  readonly folder: string;
}

const podFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

function ofPod(): Account {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return { cluster: { server, 'certificate-authority': 'ca.crt' }, user: { tokenFile: 'token' }, folder: podFolder };
}

const Kubeconfig = z.object({
  'current-context': z.string().optional(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(z.object({ name: z.string(), cluster: z.unknown() })),
  users: z.array(z.object({ name: z.string(), user: z.unknown() })),
});

/** Null: something about it is not plain, or wrong; the official client knows more, and says what is wrong. */
function ofKubeconfig({ kubeconfig = '', context }: ClusterAccess): Account | null {
  const config = Kubeconfig.safeParse(parsed(kubeconfig)).data;
  const chosen = config?.contexts.find(({ name }) => name === (context ?? config['current-context']))?.context;
  const cluster = PlainCluster.safeParse(config?.clusters.find(({ name }) => name === chosen?.cluster)?.cluster).data;
  const user = PlainUser.safeParse(config?.users.find(({ name }) => name === chosen?.user)?.user).data;
  return cluster && user ? { cluster, user, folder: dirname(kubeconfig) } : null;
}

function parsed(kubeconfig: string): unknown {
  try {
    return parse(readFileSync(kubeconfig, 'utf8'));
  } catch {
    return null;
  }
}

function plainAccess(account: Account | null): KubernetesAccess | null {
  if (account === null) return null;
  const { cluster, user, folder } = account;
  const file = (path: string | undefined): Buffer | undefined =>
    path === undefined ? undefined : readFileSync(resolve(folder, path));
  const data = (text: string | undefined): Buffer | undefined =>
    text === undefined ? undefined : Buffer.from(text, 'base64');
  const connect = () => ({
    ca: data(cluster['certificate-authority-data']) ?? file(cluster['certificate-authority']),
    cert: data(user['client-certificate-data']) ?? file(user['client-certificate']),
    key: data(user['client-key-data']) ?? file(user['client-key']),
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
    ...(cluster['tls-server-name'] === undefined ? {} : { servername: cluster['tls-server-name'] }),
    // Load balancers forget a connection that has been silent for a minute.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });
  return {
    server: cluster.server.replace(/\/+$/, ''),
    identity: async () => {
      const token = user.token || file(user.tokenFile)?.toString('utf8').trim();
      return {
        headers: token ? { authorization: `Bearer ${token}` } : {},
        pool: () => new Agent({ connect: connect() }),
      };
    },
  };
}

type Official = typeof import('@kubernetes/client-node');

/** Plugins, identity providers, proxies, impersonation. Loaded only here: its models of all kinds take 60 MB. */
function officialAccess({ kubeconfig, context }: ClusterAccess): KubernetesAccess {
  const { HttpMethod, KubeConfig, RequestContext } = createRequire(import.meta.url)(
    '@kubernetes/client-node',
  ) as Official;
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw unusable(kubeconfig, (cause as Error).message, cause);
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) throw unusable(kubeconfig, `it has no context "${context}"`);
    config.setCurrentContext(context);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server)) throw unusable(kubeconfig, 'its context names no API server');
  return {
    server: server.replace(/\/+$/, ''),
    identity: async () => {
      const security = new RequestContext(server, HttpMethod.GET);
      await config.applySecurityAuthentication(security);
      return { headers: security.getHeaders(), pool: () => security.getDispatcher() };
    },
  };
}
