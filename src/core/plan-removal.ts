/** What a removal finds on the branch: a deployment is gone only when nothing is left there that could be its folder. */
import type { Removed } from '../domain/desired.ts';
import type { DeploymentId, ListenerId } from '../domain/identifiers.ts';
import { type ResourceName, resourceName, resourceNameOf } from '../domain/resource-name.ts';
import { fluxKustomizationPath } from './flux/objects.ts';
import { type Folder, isEdited } from './folder.ts';
import { provenanceFile } from './provenance.ts';

/** Why what is there may not be touched, though it could be the deployment's. */
export type Doubt =
  /** No PROVENANCE, where one belongs. */
  | 'no-provenance'
  | 'unreadable-provenance'
  | 'other-listener'
  | 'other-deployment'
  /** It is called otherwise, but its manifests bear the deployment's label. */
  | 'its-manifests'
  /** Its manifests lie in a folder that is another deployment's. */
  | 'among-others'
  /** Its folder is gone, but Flux is still told to apply it. */
  | 'flux-kustomization';

/** Something on the branch that could be the deployment's, and that no command of ours may take away. */
export interface Remnant {
  readonly path: string;
  readonly doubt: Doubt;
}

interface Remains {
  /** That PROVENANCE says are ours, the one that is where it belongs first. */
  readonly own: readonly Folder[];
  readonly remnants: readonly Remnant[];
}

/** What the manifests of a folder say, where its PROVENANCE does not tell. */
export interface Traces {
  /** By path of the folder: whose label its manifests bear. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether the branch has something at a path. */
  has(path: string): boolean;
}

export type FindRemains = (desired: Removed, path: string) => Remains;

/** Looks through the folders once, however many deployments are to go. */
export function remainsOn(folders: readonly Folder[], listenerId: ListenerId, traces: Traces): FindRemains {
  const byName = grouped(folders, ({ path }) => [resourceNameOf(path)]);
  const byDeployment = grouped(folders, ({ provenance }) => (provenance ? [provenance.deploymentId] : []));
  const byLabel = grouped(folders, ({ path }) => [...(traces.labels.get(path) ?? [])]);
  return (desired, path) => {
    const { deploymentId } = desired;
    const name = resourceName(desired.name, deploymentId);
    const candidates = new Set(
      [byDeployment.get(deploymentId), byName.get(name), byLabel.get(deploymentId)].flatMap((found) => found ?? []),
    );
    const own = [...candidates].filter((folder) => isOwn(folder, listenerId, deploymentId));
    const others = [...candidates].filter((folder) => !own.includes(folder));
    return {
      own: own.sort((one, other) => Number(other.path === path) - Number(one.path === path)),
      remnants: [
        ...others.map((folder) => ({ path: folder.path, doubt: doubtOf(folder, deploymentId, name) })),
        ...(candidates.size === 0 ? fluxRemnants(traces, name) : []),
      ],
    };
  };
}

export function isOwn({ provenance }: Folder, listenerId: ListenerId, id: DeploymentId): boolean {
  return provenance?.listenerId === listenerId && provenance.deploymentId === id;
}

/** `name` is the deployment's own; a folder that is called otherwise is suspected by its manifests alone. */
export function doubtOf(folder: Folder, id: DeploymentId, name: ResourceName): Doubt {
  const { provenance, files, path } = folder;
  if (provenance?.deploymentId === id) return 'other-listener';
  if (resourceNameOf(path) !== name) return provenance === null ? 'its-manifests' : 'among-others';
  if (provenance !== null) return 'other-deployment';
  return files.some((file) => file.path === provenanceFile) ? 'unreadable-provenance' : 'no-provenance';
}

/** With the folder the Kustomization goes, too; alone it is left where a person has taken the folder away. */
function fluxRemnants({ has }: Traces, name: ResourceName): readonly Remnant[] {
  const path = fluxKustomizationPath(name);
  return has(path) ? [{ path, doubt: 'flux-kustomization' }] : [];
}

function grouped(folders: readonly Folder[], keysOf: (folder: Folder) => readonly string[]) {
  const groups = new Map<string, Folder[]>();
  for (const folder of folders) {
    for (const key of keysOf(folder)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [folder]);
      else group.push(folder);
    }
  }
  return groups;
}

/** Of several that are ours, the one that a person has edited holds up all of them. */
export function editedOf(own: readonly Folder[]): Folder | undefined {
  return own.find(isEdited);
}

/** ` has no PROVENANCE`: what is wrong with it, after its path. */
export const doubtWords: Readonly<Record<Doubt, string>> = {
  'no-provenance': 'has no PROVENANCE',
  'unreadable-provenance': 'has a PROVENANCE that cannot be read',
  'other-listener': 'has a PROVENANCE that names another listener',
  'other-deployment': 'has a PROVENANCE that names another deployment',
  'its-manifests': 'has no readable PROVENANCE, but its manifests bear the label of this deployment',
  'among-others': 'holds manifests that bear the label of this deployment, though PROVENANCE there names another one',
  'flux-kustomization': 'still tells Flux to apply the deployment, though its folder is gone',
};
