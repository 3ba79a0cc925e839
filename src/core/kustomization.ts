/** The folder's kustomization.yaml: an explicit list, so that nothing counts that is not named. */

import { folderOf } from '../domain/resource-name.ts';
import type { RenderInput } from './template/set.ts';
import { yamlScalar } from './template/yaml-text.ts';

export const kustomizationFile = 'kustomization.yaml';

/** `files` are names in the deployment's own folder; sealed secrets that lie there must be among them. */
export function kustomizationOf(input: KustomizationInput, files: Iterable<string>): string {
  const up = folderOf(input.namespace.layout, input.resourceName, input.specification.deployment.id)
    .split('/')
    .map(() => '..')
    .join('/');
  const components = input.namespace.kustomize.components.map((path) => `${up}/${path}`);
  return [
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    ...listed('resources', [...files].sort()),
    // Order matters here: a later component patches what an earlier one made.
    ...listed('components', components),
    '',
  ].join('\n');
}

/** The same text without some of its files; nothing else of it changes. */
export function withoutResources(text: string, files: readonly string[]): string {
  const entries = new Set(files.map((path) => `  - ${yamlScalar(path)}`));
  return text
    .split('\n')
    .filter((line) => !entries.has(line))
    .join('\n');
}

type KustomizationInput = Pick<RenderInput, 'namespace' | 'resourceName' | 'specification'>;

function listed(key: string, paths: readonly string[]): string[] {
  return paths.length === 0 ? [] : [`${key}:`, ...paths.map((path) => `  - ${yamlScalar(path)}`)];
}
