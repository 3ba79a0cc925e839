/** The GitHub App of a namespace, and its tokens as what git pushes and reads with over HTTP. */
import type { GithubAppAccess } from '../../adapters/forge/github/app.ts';
import type { ForgeHttpSettings } from '../../adapters/forge/http/forge-http-settings.ts';
import { gitCredentials } from '../../adapters/git-credentials.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { forgeAddress } from '../../domain/forge-address.ts';
import type { CredentialsSource } from '../../git/transport.ts';

type AppHttp = Pick<ForgeHttpSettings, 'dispatcher' | 'onAnswer' | 'timeoutMs'>;

/** Null where the credentials name none. */
export async function openGithubApp(
  { repository: url, publication, credentials }: Pick<Namespace, 'repository' | 'publication' | 'credentials'>,
  http: AppHttp,
): Promise<GithubAppAccess | null> {
  const app = credentials?.githubApp;
  if (app === undefined) return null;
  // Who names an App has said what kind of forge it is.
  const address = forgeAddress({ repository: url, publication: { ...publication, forge: 'github' } });
  if (address === null) throw new RangeError(`Cannot tell where the API of ${url} answers`);
  const { githubApp } = await import('../../adapters/forge/github/app.ts');
  return githubApp({ ...http, app, apiUrl: address.apiUrl, repository: address.repository });
}

/** The dispatcher carries the App’s own requests, too. */
export async function openGitCredentials(namespace: Namespace, http: AppHttp): Promise<CredentialsSource> {
  const app = await openGithubApp(namespace, http);
  if (app === null) return gitCredentials(namespace.credentials);
  return async (rejected) => {
    const password = await (rejected ? app.renewed() : app.token());
    return { kind: 'basic', username: 'x-access-token', password };
  };
}
