/** What is known of a deployment when its rendered files are checked. */
import type { Namespace, Policy } from '../../domain/configuration-namespace.ts';
import type { FileTree } from '../../domain/file-tree.ts';
import { folderOf } from '../../domain/resource-name.ts';
import { isObject, readManifest } from '../read-manifest.ts';
import type { RenderInput } from '../template/set.ts';

export interface ValidationContext {
  readonly resourceName: string;
  readonly namespace: string;
  /** Labels that every object must bear; null where any value will do. */
  readonly labels: Readonly<Record<string, string | null>>;
  /** Null where any will do. */
  readonly revisionId: string | null;
  /** What the kustomization must list under `components`, in order; null where it may list any. */
  readonly components: readonly string[] | null;
  /** Files that the kustomization lists and that are made after the others. */
  readonly sealedFiles: readonly string[];
  readonly policy: Policy;
  /** `1.33`; undefined means the oldest and the newest that there are schemas of. */
  readonly kubernetesVersion: string | undefined;
}

export const revisionLabel = 'towpath.dev/revision-id';

export function validationContext(input: RenderInput): ValidationContext {
  const { deployment, revision } = input.specification;
  const folder = folderOf(input.namespace.layout, input.resourceName, deployment.id);
  return {
    resourceName: input.resourceName,
    namespace: deployment.namespace,
    labels: {
      ...anyLabels,
      'app.kubernetes.io/name': input.resourceName,
      'towpath.dev/deployment-id': deployment.id,
      'towpath.dev/listener-id': deployment.listenerId,
      'towpath.dev/workspace-id': deployment.workspaceId,
    },
    revisionId: revision.id,
    components: input.namespace.kustomize.components.map((path) => relativePath(folder, path)),
    sealedFiles: input.secrets.files ?? [],
    policy: input.namespace.policy,
    kubernetesVersion: input.namespace.kubernetesVersion,
  };
}

/** For a folder that lies somewhere, without the specification that it came from: its files must agree among themselves. */
export function contextOfFolder(
  name: string,
  files: FileTree,
  settings: Pick<Namespace, 'policy' | 'kubernetesVersion'>,
): ValidationContext {
  const metadata = [...files].flatMap(([path, text]) => (path === 'kustomization.yaml' ? [] : metadataOf(text)))[0];
  const labels = isObject(metadata?.['labels']) ? metadata['labels'] : {};
  const known = Object.keys(anyLabels).map((key): [string, string | null] => [key, identityOf(key, labels[key])]);
  return {
    resourceName: name,
    namespace: typeof metadata?.['namespace'] === 'string' ? metadata['namespace'] : 'default',
    labels: { ...Object.fromEntries(known), 'app.kubernetes.io/name': name },
    revisionId: null,
    components: null,
    sealedFiles: [],
    policy: settings.policy,
    kubernetesVersion: settings.kubernetesVersion,
  };
}

const anyLabels: Readonly<Record<string, string | null>> = {
  'app.kubernetes.io/name': null,
  'app.kubernetes.io/component': null,
  'app.kubernetes.io/part-of': null,
  'app.kubernetes.io/managed-by': 'towpath',
  'towpath.dev/deployment-id': null,
  'towpath.dev/listener-id': null,
  'towpath.dev/workspace-id': null,
};

function identityOf(key: string, value: unknown): string | null {
  if (anyLabels[key] !== null) return anyLabels[key] ?? null;
  return key.startsWith('towpath.dev/') && typeof value === 'string' ? value : null;
}

function metadataOf(text: string): { readonly [key: string]: unknown }[] {
  const manifest = readManifest(text);
  return manifest.kind === 'read' && isObject(manifest.object['metadata']) ? [manifest.object['metadata']] : [];
}

/** kustomize takes paths from the kustomization's own folder. */
function relativePath(folder: string, path: string): string {
  return `${'../'.repeat(folder.split('/').length)}${path}`;
}
