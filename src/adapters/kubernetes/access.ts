/** Where the API server is and who asks it: plain accounts are read here, all others by the official client's KubeConfig. */
import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import { dirname, resolve } from 'node:path';
import { Agent, type buildConnector, type Dispatcher } from 'undici';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ClusterAccess } from '../../domain/configuration-cluster.ts';
import { TowpathError } from '../../domain/failure.ts';
import { readConfiguredFileSync, textOf, whyUnreadable } from '../files/configured-file.ts';
import { EnvironmentProxyAgent, routeOf } from '../http/environment-proxy.ts';
import { type ExecCredential, ExecPlugin, execCredentials } from './exec-credential.ts';
import { unusable } from './failure.ts';

export interface KubernetesAccess {
  /** URL without a slash at its end. */
  readonly server: string;
  /** ` through the proxy of HTTPS_PROXY`, for messages; empty where requests go straight. */
  readonly route: string;
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
  exec: ExecPlugin.optional(),
});

interface Account {
  readonly cluster: z.infer<typeof PlainCluster>;
  readonly user: z.infer<typeof PlainUser>;
  /** Paths are relative to it. */
  readonly folder: string;
  /** Null: the account of a pod. */
  readonly kubeconfig: string | null;
}

const podFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

function ofPod(): Account {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return {
    cluster: { server, 'certificate-authority': 'ca.crt' },
    user: { tokenFile: 'token' },
    folder: podFolder,
    kubeconfig: null,
  };
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
  return cluster && user ? { cluster, user, folder: dirname(kubeconfig), kubeconfig } : null;
}

function parsed(kubeconfig: string): unknown {
  try {
    return parse(textOf(readConfiguredFileSync(kubeconfig)));
  } catch {
    return null;
  }
}

function plainAccess(account: Account | null): KubernetesAccess | null {
  if (account === null) return null;
  const { cluster, user } = account;
  const ofPlugin = pluginOf(account);
  return {
    server: cluster.server.replace(/\/+$/, ''),
    route: account.kubeconfig === null ? '' : routeOf(cluster.server),
    identity: async () => {
      const credential = await ofPlugin();
      const token = user.token || filed(account, user.tokenFile)?.toString('utf8').trim() || credential.token;
      return {
        headers: token ? { authorization: `Bearer ${token}` } : {},
        pool: () => poolOf(account.kubeconfig, connectOptions(account, credential)),
      };
    },
  };
}

function pluginOf({ user, kubeconfig, folder }: Account): () => Promise<ExecCredential> {
  if (user.exec === undefined || kubeconfig === null) return async () => ({});
  return execCredentials(user.exec, { kubeconfig, folder });
}

function connectOptions(account: Account, credential: ExecCredential): buildConnector.BuildOptions {
  const { cluster, user } = account;
  return {
    ca: decoded(cluster['certificate-authority-data']) ?? filed(account, cluster['certificate-authority']),
    cert: decoded(user['client-certificate-data']) ?? filed(account, user['client-certificate']) ?? credential.cert,
    key: decoded(user['client-key-data']) ?? filed(account, user['client-key']) ?? credential.key,
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
    ...(cluster['tls-server-name'] === undefined ? {} : { servername: cluster['tls-server-name'] }),
    // Load balancers forget a connection that has been silent for a minute.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  };
}

/** A pod reaches its own API server without a proxy, whatever its environment says for the world outside. */
function poolOf(kubeconfig: string | null, connect: buildConnector.BuildOptions): Dispatcher {
  if (kubeconfig === null) return new Agent({ connect });
  return new EnvironmentProxyAgent({ connect, requestTls: connect });
}

function decoded(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

function filed({ folder, kubeconfig }: Account, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return Buffer.from(textOf(readConfiguredFileSync(resolve(folder, path))));
  } catch (cause) {
    // Mounted files are swapped in two steps, so that the next try may find it.
    const owner = kubeconfig === null ? 'the service account of this pod' : `the kubeconfig "${kubeconfig}"`;
    const message = `Cannot use ${owner}: its file "${path}" cannot be used: ${whyUnreadable(cause)}`;
    throw new TowpathError('transient', 'UnreadableAccount', message, { cause });
  }
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
  const cluster = config.getCurrentCluster();
  const server = cluster?.server;
  if (server === undefined || !URL.canParse(server)) throw unusable(kubeconfig, 'its context names no API server');
  // The client goes through a proxy only where the kubeconfig itself names one.
  const route = cluster?.proxyUrl ? ' through the proxy of the kubeconfig' : routeOf(server);
  return {
    server: server.replace(/\/+$/, ''),
    route,
    identity: async () => {
      const security = new RequestContext(server, HttpMethod.GET);
      await config.applySecurityAuthentication(security);
      const options = route === '' || cluster?.proxyUrl ? null : await tlsOptions(config);
      return {
        headers: security.getHeaders(),
        pool: () => (options === null ? security.getDispatcher() : poolOf(kubeconfig ?? null, options)),
      };
    },
  };
}

async function tlsOptions(config: InstanceType<Official['KubeConfig']>): Promise<buildConnector.BuildOptions> {
  const options: import('node:https').RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  const given = { ca, cert, key, rejectUnauthorized, servername };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
