/** The git repository of a namespace, by the backend and the transport that the configuration asks for. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dispatcher } from 'undici';
import { sshAccess } from '../../adapters/git-credentials.ts';
import { routeOf } from '../../adapters/http/environment-proxy.ts';
import { countedDispatcher, type OnAnswer, openDispatcher } from '../../adapters/http/http-dispatcher.ts';
import type { IsomorphicRepository } from '../../adapters/repository/isomorphic/repository.ts';
import { EitherRepository } from '../../adapters/repository/old-protocol.ts';
import { GitRepository } from '../../adapters/repository/repository.ts';
import type { Git } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { Sign } from '../../git/commit.ts';
import { HttpTransport } from '../../git/http-transport.ts';
import { isSshAddress } from '../../git/ssh-address.ts';
import type { Transport } from '../../git/transport.ts';
import type { Repository } from '../../ports.ts';
import { openGitCredentials } from './github-app.ts';
import { openSigner } from './signing.ts';

export async function openRepository(
  namespace: Namespace,
  git: Git,
  version: string,
  onAnswer: OnAnswer = () => undefined,
  onOldProtocol: () => void = () => undefined,
): Promise<Repository> {
  const { branch, createBranch, caFile, proxy } = namespace;
  const signer = await openSigner(git);
  const signing = signer === null ? {} : { sign: signer.sign, isSigned: signer.isSigned };
  const dispatcher = countedDispatcher(
    openDispatcher({ caFile, caOption: 'caFile of the namespace', proxy }),
    onAnswer,
  );
  const openSecond = () => openIsomorphic(namespace, git, dispatcher, signing);
  if (git.backend === 'isomorphic-git') return closingToo(await openSecond(), dispatcher);
  const transport = await openTransport(namespace, git, version, dispatcher);
  const first = new GitRepository({ branch, createBranch, ...signing, transport });
  const repository = mayFallBack(namespace) ? new EitherRepository({ first, openSecond, onOldProtocol }) : first;
  return closingToo(repository, dispatcher);
}

/** isomorphic-git has no SSH, and makes no branches to propose. */
function mayFallBack({ repository, publication }: Namespace): boolean {
  return !isSshAddress(repository) && publication.mode === 'direct' && publication.commits === 'push';
}

/** What few need is loaded only for them: SSH and isomorphic-git take 15 MB of each listener's memory. */
async function openTransport(
  namespace: Namespace,
  git: Git,
  version: string,
  dispatcher: Dispatcher,
): Promise<Transport> {
  const { repository: url, credentials } = namespace;
  if (isSshAddress(url)) {
    const { sshTransport } = await import('../../git/ssh-transport.ts');
    return sshTransport(url, { ...sshAccess(credentials), idleTimeoutMs: git.timeout });
  }
  return new HttpTransport({
    url,
    credentials: await openGitCredentials(namespace, { dispatcher, timeoutMs: git.timeout }),
    dispatcher,
    route: routeOf(url, namespace.proxy),
    timeoutMs: git.timeout,
    userAgent: `git/towpath-${version}`,
  });
}

/** The clone is for this process alone: a `plan` beside a running listener must not take it away from it. */
async function openIsomorphic(
  namespace: Namespace,
  git: Git,
  dispatcher: Dispatcher,
  signing: { readonly sign?: Sign },
): Promise<IsomorphicRepository> {
  const { IsomorphicRepository } = await import('../../adapters/repository/isomorphic/repository.ts');
  const { repository: url, branch, createBranch } = namespace;
  return new IsomorphicRepository({
    url,
    branch,
    createBranch,
    ...signing,
    credentials: await openGitCredentials(namespace, { dispatcher, timeoutMs: git.timeout }),
    dispatcher,
    timeoutMs: git.timeout,
    folder: join(tmpdir(), `towpath-clone-${randomUUID()}`),
  });
}

/** Connections that are kept go with the repository they were kept for. */
function closingToo(repository: Repository, dispatcher: Dispatcher): Repository {
  const close = repository.close.bind(repository);
  return Object.assign(repository, {
    close: async () => {
      await close();
      await dispatcher.destroy();
    },
  });
}
