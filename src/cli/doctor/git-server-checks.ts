/** Looks at a branch as a listener that starts does: the head, its folders, one file, and what makes its server slow. */
import { sshAccess } from '../../adapters/git-credentials.ts';
import { openDispatcher } from '../../adapters/http/http-dispatcher.ts';
import type { Git } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { BlobId, CommitId } from '../../domain/identifiers.ts';
import { HttpTransport } from '../../git/http-transport.ts';
import { isSshAddress } from '../../git/ssh-address.ts';
import { sshTransport } from '../../git/ssh-transport.ts';
import type { Transport } from '../../git/transport.ts';
import { UploadPack } from '../../git/upload-pack.ts';
import type { Snapshot } from '../../ports.ts';
import { version } from '../version.ts';
import { openGitCredentials } from '../wiring/github-app.ts';
import { openRepository } from '../wiring/repository.ts';
import { type Finding, warning } from './check.ts';

export interface LookedAt {
  /** Null: it is empty, the branch is not there, or nobody could look. */
  readonly head: CommitId | null;
  readonly findings: readonly Finding[];
}

export async function look(settings: Namespace, git: Git): Promise<LookedAt> {
  let isOld = false;
  const onOld = (): void => {
    isOld = true;
  };
  // The key that signs is looked at by itself, once.
  const unsigned = { ...git, signing: undefined };
  const repository = await openRepository(settings, unsigned, version(), undefined, onOld);
  try {
    const head = await repository.head();
    // Some servers do not give out a file by its id, and then a listener fails only after its first restart.
    const file = firstFile(await repository.snapshot(head), '');
    if (file !== null) await repository.readBlobs([file as BlobId]);
    return { head, findings: await judgeServer(settings, git, isOld) };
  } finally {
    await repository.close();
  }
}

function firstFile(snapshot: Snapshot, path: string): string | null {
  const entries = snapshot.list(path) ?? [];
  const file = entries.find(({ kind }) => kind === 'file');
  if (file) return file.id;
  for (const { kind, name } of entries) {
    const found = kind === 'folder' ? firstFile(snapshot, path === '' ? name : `${path}/${name}`) : null;
    if (found !== null) return found;
  }
  return null;
}

async function judgeServer(settings: Namespace, git: Git, isOld: boolean): Promise<readonly Finding[]> {
  if (isOld) {
    const message = 'the server speaks only the old protocol of git: each start clones the branch to disk';
    return [warning('protocol', message, 'nothing has to be done; a server with version 2 of the protocol is faster')];
  }
  if (git.backend !== 'native' || (await hasFilters(settings, git))) return [];
  const message = 'the server has no filters: each start fetches every file of the branch, of which few are needed';
  return [warning('filters', message, 'set uploadpack.allowFilter to true in the configuration of the git server')];
}

async function hasFilters(settings: Namespace, git: Git): Promise<boolean> {
  const { caFile, proxy } = settings;
  const dispatcher = openDispatcher({ caFile, caOption: 'caFile of the namespace', proxy });
  const transport = await transportOf(settings, git, dispatcher);
  try {
    return (await new UploadPack(transport).abilities()).filter;
  } finally {
    await transport.close();
    await dispatcher.destroy();
  }
}

export async function transportOf(
  namespace: Namespace,
  git: Git,
  dispatcher: Awaited<ReturnType<typeof openDispatcher>>,
): Promise<Transport> {
  const { repository: url, credentials } = namespace;
  if (isSshAddress(url)) return sshTransport(url, { ...sshAccess(credentials), idleTimeoutMs: git.timeout });
  const userAgent = `git/towpath-${version()}`;
  return new HttpTransport({
    url,
    credentials: await openGitCredentials(namespace, { dispatcher, timeoutMs: git.timeout }),
    dispatcher,
    timeoutMs: git.timeout,
    userAgent,
  });
}
