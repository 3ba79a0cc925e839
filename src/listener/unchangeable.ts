/** What lies in git already and nobody can change in a cluster: a new rendering goes on with it, or is refused. */
import { blobId } from '../core/blob-id.ts';
import { type Folder, isEdited } from '../core/folder.ts';
import { immutableChanges, mayBeImmutable, storageClassIn } from '../core/immutable-fields.ts';
import { describeFindings } from '../core/report.ts';
import type { RenderInput } from '../core/template/set.ts';
import type { Present } from '../domain/desired.ts';
import { TowpathError } from '../domain/failure.ts';
import type { LaneContext } from './context.ts';
import { keptFiles } from './kept-files.ts';

type Files = ReadonlyMap<string, string>;

/** Of the files that differ from `rendered`, those whose objects have such fields. */
export async function readUnchangeable(
  context: Pick<LaneContext, 'repository' | 'renderer' | 'settings'>,
  { desired, folder }: { readonly desired: Present; readonly folder: Folder | null },
  rendered: Files,
): Promise<Files> {
  if (folder === null) return new Map();
  // What a person has changed there is being taken back, so it proves nothing.
  if (isEdited(folder) && folder.provenance?.revisionId === desired.revisionId) return new Map();
  // The sets that come with Towpath select by what no revision changes; their Deployments change with every one.
  const isShipped = ['agent-server', 'lgp'].includes(context.settings.templates);
  const isSameSet = isShipped && folder.provenance?.template === context.renderer.template;
  const differs = (path: string, id: string): boolean => {
    const now = rendered.get(path);
    return now === undefined || blobId(now) !== id;
  };
  const paths = folder.files
    .filter(({ path }) => mayBeImmutable(path) && !(isSameSet && path.endsWith('.deployment.yaml')))
    .filter(({ path, id }) => differs(path, id))
    .map(({ path }) => path);
  return keptFiles(context, folder, paths);
}

/** Another StorageClass in the configuration is for volumes to come; null where nothing of the kind is kept. */
export function keepingStorageClass(input: RenderInput, before: Files, rendered: Files): RenderInput | null {
  const { database } = input.agentServer;
  const name = `${input.resourceName}-postgres`;
  const [was, is] = [storageClassIn(before, name), storageClassIn(rendered, name)];
  if (database.kind === 'external' || was === undefined || is === undefined || was === is) return null;
  const { storageClassName: _given, ...rest } = database;
  const kept = was === null ? rest : { ...rest, storageClassName: was };
  return { ...input, agentServer: { ...input.agentServer, database: kept } };
}

export function refuseUnchangeable(deployment: string, before: Files, rendered: Files): void {
  const findings = immutableChanges(before, rendered);
  if (findings.length === 0) return;
  throw new TowpathError('terminal', 'ImmutableField', describeFindings(`change deployment ${deployment}`, findings));
}
