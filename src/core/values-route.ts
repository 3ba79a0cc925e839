/** Where an agent is reached from outside: host, path, URL, and what the three kinds of route need to say it. */
import type { Namespace } from '../domain/configuration.ts';
import type { Route } from '../domain/configuration-route.ts';
import type { ResourceName } from '../domain/resource-name.ts';

export interface RouteValues {
  readonly name: string;
  /** Exactly one of the three is not null: each has a template of its own. */
  readonly ingress: IngressValues | null;
  readonly gateway: GatewayValues | null;
  readonly istio: IstioValues | null;
  readonly host: string;
  /** `/` with a host of its own, else `/<resource name>`. */
  readonly path: string;
  /** `MOUNT_PREFIX` of the server; empty with a host of its own. */
  readonly prefix: string;
}

interface IngressValues {
  readonly className: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly tls: { readonly secretName: string | null } | null;
}

interface GatewayValues {
  readonly parent: { readonly name: string; readonly namespace: string | null; readonly sectionName: string | null };
}

interface IstioValues {
  readonly gateway: string;
}

/** Null where the namespace has no route. */
export function routeValues({ route }: Pick<Namespace, 'route'>, resourceName: ResourceName): RouteValues | null {
  if (route.kind === 'none') return null;
  const { host, prefix } = addressOf(route, resourceName);
  return {
    name: resourceName,
    ingress: route.kind === 'ingress' ? ingressValues(route) : null,
    gateway: route.kind === 'gateway' ? gatewayValues(route) : null,
    istio: route.kind === 'istio' ? { gateway: route.gateway } : null,
    host,
    path: prefix === '' ? '/' : prefix,
    prefix,
  };
}

/** Where clients reach the agent, for the report; null without a route. */
export function routeUrl({ route }: Pick<Namespace, 'route'>, resourceName: ResourceName): string | null {
  if (route.kind === 'none') return null;
  const { host, prefix } = addressOf(route, resourceName);
  return `${route.tls ? 'https' : 'http'}://${host}${prefix}`;
}

type Opened = Exclude<Route, { kind: 'none' }>;

/** The configuration's rules see to it that exactly one of host and hostSuffix is there. */
function addressOf(route: Opened, resourceName: ResourceName): { readonly host: string; readonly prefix: string } {
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

function gatewayValues({ parent }: Extract<Route, { kind: 'gateway' }>): GatewayValues {
  return {
    parent: { name: parent.name, namespace: parent.namespace ?? null, sectionName: parent.sectionName ?? null },
  };
}
