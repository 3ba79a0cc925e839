/** Flux's Kustomization of one deployment, which lies in git beside the folder: one refused object holds up nobody else. */
import type { Flux } from '../../domain/configuration-cluster.ts';
import type { Secrets } from '../../domain/configuration-secrets.ts';
import { goDuration } from '../../domain/duration.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { ResourceName } from '../../domain/resource-name.ts';
import { yamlBlock } from '../template/yaml-text.ts';
import type { Labels } from '../values/labels.ts';

interface FluxKustomization {
  readonly resourceName: ResourceName;
  /** The deployment's folder, from the repository's root. */
  readonly folder: string;
  /** Where the deployment's objects go; the Kustomization itself lies in `settings.namespace`. */
  readonly namespace: NamespaceName;
  readonly settings: Flux;
  /** Secret with the age key that opens what sops sealed; null: there is nothing to decrypt. */
  readonly decryptionSecret: string | null;
  /** Of the deployment; who manages it is added. */
  readonly labels: Labels;
}

/** The folder that the root Kustomization follows. */
export const fluxFolder = 'flux';

/**
 * Lies in the folder for good: git knows no empty folders, and without this one the root Kustomization would fail
 * instead of taking away the last deployment. Flux reads only YAML.
 */
export const fluxReadmePath = `${fluxFolder}/README.md`;
export const fluxReadme = `Towpath keeps one Flux Kustomization a deployment here, written and removed together with the deployment's folder.
This file stays, so that the folder does: without it Flux could not take away the last deployment.
`;

export function fluxKustomizationPath(resourceName: ResourceName): string {
  return `${fluxFolder}/${resourceName}.yaml`;
}

/** The same input gives the same text. */
export function fluxKustomization(deployment: FluxKustomization): string {
  const { resourceName, folder, namespace, settings, labels, decryptionSecret } = deployment;
  const { serviceAccountName } = settings;
  const kustomization = {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: {
      name: resourceName,
      namespace: settings.namespace,
      labels: { ...labels, 'app.kubernetes.io/managed-by': 'towpath' },
    },
    spec: {
      interval: goDuration(settings.interval),
      retryInterval: goDuration(settings.retryInterval),
      timeout: goDuration(settings.timeout),
      path: `./${folder}`,
      sourceRef: { kind: 'GitRepository', name: gitRepositoryName(namespace, settings) },
      targetNamespace: namespace,
      prune: true,
      // What goes with the file is deleted even if somebody has turned pruning off.
      deletionPolicy: 'Delete',
      // Towpath proves health itself; waiting would keep the repair of a bad commit waiting, too.
      wait: false,
      force: false,
      ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
      ...(decryptionSecret === null ? {} : { decryption: { provider: 'sops', secretRef: { name: decryptionSecret } } }),
    },
  };
  return `${yamlBlock(kustomization, 0)}\n`;
}

/** What Flux needs to open what lies in the folders; null with every other way of keeping secrets. */
export function decryptionSecretOf(secrets: Secrets): string | null {
  return secrets.mode === 'sops' ? secrets.decryptionSecret : null;
}

export function gitRepositoryName(namespace: string, { gitRepository }: Pick<Flux, 'gitRepository'>): string {
  return gitRepository ?? `towpath-${namespace}`;
}
