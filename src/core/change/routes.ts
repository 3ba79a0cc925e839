/** Where a deployment answers callers from outside the cluster. */

import { fieldAt, listAt, textAt } from '../../domain/object-fields.ts';
import type { Manifest } from '../manifest.ts';
import { code } from '../pull-request/text.ts';
import type { ChangedObject } from './changed-object.ts';
import type { Fact } from './facts.ts';
import { compareText, listed } from './words.ts';

export interface Endpoint {
  /** Host and path, or what else it is known by: the same text, the same place. */
  readonly place: string;
  /** encrypted and plain as the object itself says; gateway: somebody else decides. */
  readonly transport: 'encrypted' | 'plain' | 'gateway';
  /** Markdown: whose, where that matters. */
  readonly by: string | null;
}

export interface ChangedEndpoints {
  readonly before: readonly Endpoint[];
  readonly after: readonly Endpoint[];
}

export function changedEndpoints(objects: readonly ChangedObject[]): ChangedEndpoints {
  const side = (key: 'before' | 'after'): readonly Endpoint[] =>
    objects.flatMap((object) => (object[key] ? endpointsOf(object[key]) : []));
  return { before: side('before'), after: side('after') };
}

export function endpointFacts({ before, after }: ChangedEndpoints): readonly Fact[] {
  return [{ topic: 'Routes', part: null, before: routesText(before), after: routesText(after) }];
}

export function endpointText({ place, transport, by }: Endpoint): string {
  const transports = { encrypted: ['TLS'], plain: ['no TLS'], gateway: [] }[transport];
  const words = [...(by === null ? [] : [by]), ...transports];
  return words.length === 0 ? code(place) : `${code(place)} (${words.join(', ')})`;
}

function routesText(endpoints: readonly Endpoint[]): string | null {
  return endpoints.length === 0 ? null : listed(endpoints.map(endpointText).sort(compareText));
}

function endpointsOf(manifest: Manifest): readonly Endpoint[] {
  switch (manifest.kind) {
    case 'Ingress':
      return ingressEndpoints(manifest.object);
    case 'HTTPRoute':
    case 'GRPCRoute':
      return gatewayEndpoints(manifest.object);
    case 'VirtualService':
      return meshEndpoints(manifest.object);
    case 'Service':
      return serviceEndpoints(manifest);
    case 'LGP':
      return fieldAt(manifest.object, 'spec', 'ingress', 'enabled') === true
        ? [{ place: manifest.name, transport: 'gateway', by: 'an Ingress that the operator makes' }]
        : [];
    default:
      return [];
  }
}

function ingressEndpoints(object: unknown): readonly Endpoint[] {
  const encrypted = listAt(fieldAt(object, 'spec'), 'tls').flatMap((one) => listAt(one, 'hosts'));
  const rules = listAt(fieldAt(object, 'spec'), 'rules').flatMap((rule): readonly Endpoint[] => {
    const host = textAt(rule, 'host') || '*';
    const paths = listAt(fieldAt(rule, 'http'), 'paths').map((one) => textAt(one, 'path') || '/');
    const transport = encrypted.includes(host) ? 'encrypted' : 'plain';
    return (paths.length === 0 ? ['/'] : paths).map((path) => ({ place: `${host}${path}`, transport, by: null }));
  });
  const everything = fieldAt(object, 'spec', 'defaultBackend');
  return everything ? [...rules, { place: '*/', transport: 'plain', by: 'whatever no other rule takes' }] : rules;
}

function gatewayEndpoints(object: unknown): readonly Endpoint[] {
  const spec = fieldAt(object, 'spec');
  const hosts = listAt(spec, 'hostnames').map(String);
  const paths = listAt(spec, 'rules').flatMap((rule) => {
    const matches = listAt(rule, 'matches').map((match) => textAt(fieldAt(match, 'path'), 'value') || '/');
    return matches.length === 0 ? ['/'] : matches;
  });
  const parents = listAt(spec, 'parentRefs').map((one) => code(slashed(textAt(one, 'namespace'), textAt(one, 'name'))));
  const by = parents.length === 0 ? null : `Gateway ${listed(parents)}`;
  return crossed(hosts, paths).map((place) => ({ place, transport: 'gateway', by }));
}

function meshEndpoints(object: unknown): readonly Endpoint[] {
  const spec = fieldAt(object, 'spec');
  const gateways = listAt(spec, 'gateways').filter((one): one is string => typeof one === 'string' && one !== 'mesh');
  if (gateways.length === 0) return [];
  const paths = listAt(spec, 'http').flatMap((rule) => {
    const matches = listAt(rule, 'match').map(
      (match) => textAt(fieldAt(match, 'uri'), 'prefix') || textAt(fieldAt(match, 'uri'), 'exact') || '/',
    );
    return matches.length === 0 ? ['/'] : matches;
  });
  const by = `Gateway ${listed(gateways.map((one) => code(one)))}`;
  return crossed(listAt(spec, 'hosts').map(String), paths).map((place) => ({ place, transport: 'gateway', by }));
}

function serviceEndpoints({ name, object }: Manifest): readonly Endpoint[] {
  const type = textAt(fieldAt(object, 'spec'), 'type');
  const open = type === 'LoadBalancer' || type === 'NodePort';
  const addresses = listAt(fieldAt(object, 'spec'), 'externalIPs').map((address) => ({
    place: String(address),
    transport: 'plain' as const,
    by: `external address of Service ${code(name)}`,
  }));
  return open ? [{ place: name, transport: 'plain', by: `Service of type ${type}` }, ...addresses] : addresses;
}

function crossed(hosts: readonly string[], paths: readonly string[]): readonly string[] {
  const all = hosts.length === 0 ? ['*'] : hosts;
  const places = all.flatMap((host) => (paths.length === 0 ? ['/'] : paths).map((path) => `${host}${path}`));
  return [...new Set(places)];
}

function slashed(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
