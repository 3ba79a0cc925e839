/** Where an agent is reached from outside: host, path, URL, and what the three kinds of route need to say it. */
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { Route } from '../../domain/configuration-route.ts';
import type { ResourceName } from '../../domain/resource-name.ts';
import { isOperated } from '../template/set.ts';

export interface RouteValues {
  readonly name: string;
  /** Exactly one of the three is not null: each has a template of its own. */
  readonly ingress: IngressValues | null;
  readonly gateway: GatewayValues | null;
  readonly istio: IstioValues | null;
  readonly host: string;
  /** `/` with a host of its own, else `/<resource name>`, or where the operator puts it. */
  readonly path: string;
  /** `MOUNT_PREFIX` of the server; empty with a host of its own. */
  readonly prefix: string;
  /** Paths, with the prefix, that are not let through. */
  readonly closedPaths: readonly string[];
  /** Where callers outside the cluster reach the agent. */
  readonly url: string;
}

interface IngressValues {
  readonly className: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly tls: { readonly secretName: string | null } | null;
}

interface GatewayValues {
  /** Null: the gateway's own. */
  readonly requestTimeout: string | null;
  readonly parent: { readonly name: string; readonly namespace: string | null; readonly sectionName: string | null };
}

interface IstioValues {
  readonly gateway: string;
}

/** Null where the namespace has no route. */
export function routeValues(namespace: RouteSettings, resourceName: ResourceName): RouteValues | null {
  const { route } = namespace;
  if (route.kind === 'none') return null;
  const { host, prefix } = addressOf(route, namespace, resourceName);
  return {
    name: resourceName,
    ingress: route.kind === 'ingress' ? ingressValues(route) : null,
    gateway: route.kind === 'gateway' ? gatewayValues(route) : null,
    istio: route.kind === 'istio' ? { gateway: route.gateway } : null,
    host,
    path: prefix === '' ? '/' : prefix,
    prefix,
    closedPaths: route.kind === 'ingress' ? [] : route.closedPaths.map((path) => `${prefix}${path}`),
    url: `${route.tls ? 'https' : 'http'}://${host}${prefix}`,
  };
}

/** Where clients reach the agent, for the report; null without a route. */
export function routeUrl(namespace: RouteSettings, resourceName: ResourceName): string | null {
  return routeValues(namespace, resourceName)?.url ?? null;
}

type RouteSettings = Pick<Namespace, 'route' | 'templates'>;
type Opened = Exclude<Route, { kind: 'none' }>;

/** The configuration's rules see to it that exactly one of host and hostSuffix is there. */
function addressOf(route: Opened, namespace: RouteSettings, resourceName: ResourceName) {
  // LangChain's operator opens every agent below this path, whatever the way in.
  if (isOperated(namespace)) return { host: route.host ?? '', prefix: `/lgp/${resourceName}` };
  if (route.hostSuffix !== undefined) return { host: `${resourceName}.${route.hostSuffix}`, prefix: '' };
  return { host: route.host ?? '', prefix: `/${resourceName}` };
}

function ingressValues(route: Extract<Route, { kind: 'ingress' }>): IngressValues {
  return {
    className: route.className ?? null,
    annotations: route.annotations,
    tls: route.tls ? { secretName: route.tls.secretName ?? null } : null,
  };
}

function gatewayValues({ parent, requestTimeout }: Extract<Route, { kind: 'gateway' }>): GatewayValues {
  return {
    requestTimeout: requestTimeout === 'gateway' ? null : requestTimeout,
    parent: { name: parent.name, namespace: parent.namespace ?? null, sectionName: parent.sectionName ?? null },
  };
}
