/** What every call of GitHub's forge works with. */
import type { GithubAppAccess } from './app.ts';
import type { GithubHttp } from './http.ts';

export interface GithubForgeSettings {
  readonly http: GithubHttp;
  readonly apiUrl: string;
  /** `owner/name`. */
  readonly repository: string;
  /** The branch that pull requests go onto. */
  readonly base: string;
  /** Whose tokens `http` uses; null: those of a person. */
  readonly app: Pick<GithubAppAccess, 'account' | 'permissions'> | null;
}

export interface GithubContext extends GithubForgeSettings {
  /** `/repos/owner/name`. */
  readonly at: string;
}
