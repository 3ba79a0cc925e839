/** A configuration for a command: of one namespace or all, wired, and closed again. */

import { nearestWord } from '../../core/nearest-word.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { TowpathError } from '../../domain/failure.ts';
import { NamespaceName } from '../../domain/identifiers.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { openLog } from '../log.ts';
import { type WiredListener, type WireOptions, wireListener } from '../wire.ts';

export interface Selected {
  readonly config: string;
  readonly namespace?: string;
}

/** Narrowed before it is wired: what a command is not about need not even answer. */
export async function configurationOf({ config, namespace }: Selected): Promise<Configuration> {
  const configuration = await loadConfiguration(config);
  if (namespace === undefined) return configuration;
  const known = Object.keys(configuration.namespaces);
  if (known.includes(namespace)) {
    const namespaces = Object.entries(configuration.namespaces).filter(([name]) => name === namespace);
    return { ...configuration, namespaces: Object.fromEntries(namespaces) };
  }
  const meant = nearestWord(namespace, known);
  const hint = meant ? `did you mean ${meant}?` : `it has ${known.join(', ')}`;
  const message = `Cannot work on namespace "${namespace}": ${config} has no such namespace; ${hint}`;
  throw new TowpathError('terminal', 'UnknownNamespace', message);
}

/** What a command works on that takes one namespace: the one that was named, or the only one there is. */
export function onlyNamespace(configuration: Configuration, config: string): NamespaceName {
  const [first, ...others] = namespacesOf(configuration);
  if (first !== undefined && others.length === 0) return first;
  const message = `Cannot tell which namespace is meant: ${config} names ${namespacesOf(configuration).join(', ')}; name one with --namespace`;
  throw new TowpathError('terminal', 'NoNamespace', message);
}

export async function wired<T>(
  configuration: Configuration,
  purpose: WireOptions['purpose'],
  use: (ports: WiredListener) => Promise<T>,
): Promise<T> {
  const ports = await wireListener(configuration, { purpose, log: openLog({ json: false, level: 'error' }) });
  try {
    return await use(ports);
  } finally {
    await ports.close();
  }
}

export function namespacesOf(configuration: Configuration): readonly NamespaceName[] {
  return Object.keys(configuration.namespaces).map((name) => NamespaceName.parse(name));
}
