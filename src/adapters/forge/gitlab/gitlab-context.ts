/** What every call of GitLab's forge works with. */
import type { ForgeHttp } from '../http/http.ts';
import type { GitlabProject } from './project.ts';

export interface GitlabForgeSettings {
  readonly http: ForgeHttp;
  /** `group/subgroup/name`. */
  readonly repository: string;
  /** The branch that merge requests go onto. */
  readonly base: string;
}

export interface GitlabContext extends GitlabForgeSettings {
  readonly project: GitlabProject;
}
