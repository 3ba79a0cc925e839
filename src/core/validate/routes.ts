/** Traffic may only be sent to Services of the same folder: a route to a neighbour's would publish his agent. */
import type { Finding } from '../../domain/finding.ts';
import { fieldAt } from '../../domain/object-fields.ts';
import { below, findingAt, items, type Manifest, type Place, place } from '../manifest.ts';
import type { ValidationContext } from './context.ts';

export function checkRoutes(manifests: readonly Manifest[], context: ValidationContext): readonly Finding[] {
  const services = new Map(manifests.filter((one) => one.kind === 'Service').map((one) => [one.name, one]));
  return manifests.flatMap((manifest) => {
    switch (manifest.kind) {
      case 'Ingress':
        return ingressBackends(manifest).flatMap((found) => checkService(manifest, found, services));
      case 'HTTPRoute':
        return routeBackends(manifest).flatMap((found) => checkBackendReference(manifest, found, services, context));
      case 'VirtualService':
        return meshHosts(manifest).flatMap((found) => checkHost(manifest, found, services, context));
      case 'StatefulSet':
        return checkService(manifest, place(manifest, 'spec', 'serviceName'), services);
      default:
        return [];
    }
  });
}

type Services = ReadonlyMap<string, Manifest>;

function ingressBackends(manifest: Manifest): readonly Place[] {
  const rules = items(place(manifest, 'spec', 'rules'));
  const paths = rules.flatMap((rule) => items(below(rule, 'http', 'paths')));
  return [place(manifest, 'spec', 'defaultBackend'), ...paths.map((path) => below(path, 'backend'))].map((backend) =>
    below(backend, 'service', 'name'),
  );
}

function routeBackends(manifest: Manifest): readonly Place[] {
  return items(place(manifest, 'spec', 'rules')).flatMap((rule) => {
    const filters = [below(rule, 'filters'), ...items(below(rule, 'backendRefs')).map((one) => below(one, 'filters'))];
    const mirrors = filters.flatMap(items).map((filter) => below(filter, 'requestMirror', 'backendRef'));
    return [...items(below(rule, 'backendRefs')), ...mirrors.filter((mirror) => mirror.value !== undefined)];
  });
}

function meshHosts(manifest: Manifest): readonly Place[] {
  const http = items(place(manifest, 'spec', 'http'));
  const destinations = [
    ...['http', 'tls', 'tcp'].flatMap((kind) =>
      items(place(manifest, 'spec', kind)).flatMap((one) => items(below(one, 'route'))),
    ),
    ...http.flatMap((route) => items(below(route, 'mirrors'))),
  ].map((route) => below(route, 'destination', 'host'));
  const mirrors = http.map((route) => below(route, 'mirror', 'host'));
  return [...destinations, ...mirrors];
}

function checkService(manifest: Manifest, name: Place, services: Services): readonly Finding[] {
  if (name.value === undefined || services.has(String(name.value))) return [];
  return [findingAt(manifest, name, `there is no Service ${JSON.stringify(name.value)} in this folder`)];
}

function checkBackendReference(
  manifest: Manifest,
  found: Place,
  services: Services,
  context: ValidationContext,
): readonly Finding[] {
  const namespace = fieldAt(found.value, 'namespace') ?? context.namespace;
  const kind = fieldAt(found.value, 'kind') ?? 'Service';
  if (namespace !== context.namespace || kind !== 'Service') {
    return [findingAt(manifest, found, `expected a Service of the namespace "${context.namespace}"`)];
  }
  return checkService(manifest, below(found, 'name'), services);
}

function checkHost(
  manifest: Manifest,
  host: Place,
  services: Services,
  { namespace }: ValidationContext,
): readonly Finding[] {
  if (typeof host.value !== 'string') return [];
  const [name = '', ...rest] = host.value.split('.');
  const short =
    rest.length === 0 || host.value === `${name}.${namespace}` || host.value.startsWith(`${name}.${namespace}.svc`);
  return short && services.has(name) ? [] : checkService(manifest, host, new Map());
}
