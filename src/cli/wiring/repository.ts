/** The git repository of a namespace, by the backend and the transport that the configuration asks for. */
import { gitCredentials, sshAccess } from '../../adapters/git-credentials.ts';
import { openDispatcher } from '../../adapters/http-dispatcher.ts';
import { GitRepository } from '../../adapters/repository-git.ts';
import type { Git, Namespace } from '../../domain/configuration.ts';
import { HttpTransport } from '../../git/http-transport.ts';
import { sshTransport } from '../../git/ssh-transport.ts';
import type { Transport } from '../../git/transport.ts';
import type { Repository } from '../../ports.ts';

export async function openRepository(namespace: Namespace, git: Git, version: string): Promise<Repository> {
  const { branch, createBranch } = namespace;
  return new GitRepository({ branch, createBranch, transport: await openTransport(namespace, git, version) });
}

async function openTransport(namespace: Namespace, git: Git, version: string): Promise<Transport> {
  const { repository: url, credentials, caFile, proxy } = namespace;
  if (!/^https?:/i.test(url)) return sshTransport(url, sshAccess(credentials));
  const dispatcher = await openDispatcher({ caFile, proxy });
  const transport = new HttpTransport({
    url,
    credentials: gitCredentials(credentials),
    dispatcher,
    timeoutMs: git.timeout,
    userAgent: `git/towpath-${version}`,
  });
  return transport;
}
