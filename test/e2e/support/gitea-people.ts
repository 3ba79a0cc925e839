/** What people do to a repository under review on a real Gitea, and what they see there. */
import { eventually } from '../harness/eventually.ts';
import type { Gitea } from '../harness/gitea.ts';
import type { GiteaRepository } from '../harness/gitea-client.ts';

export interface Pull {
  readonly number: number;
  readonly state: 'open' | 'closed';
  readonly merged: boolean;
  readonly draft: boolean;
  readonly title: string;
  readonly body: string;
  readonly html_url: string;
  readonly labels: readonly { readonly name: string }[];
  readonly requested_reviewers: readonly { readonly login: string }[] | null;
  readonly head: { readonly label: string; readonly sha: string };
  readonly base: { readonly label: string };
}

interface BranchHead {
  readonly id: string;
  readonly message: string;
}

export interface GiteaPeople {
  pulls(state?: 'open' | 'closed' | 'all'): Promise<readonly Pull[]>;
  pull(number: number): Promise<Pull>;
  /** Waits for an open one about this deployment. */
  openOf(name: string): Promise<Pull>;
  approve(pull: Pull): Promise<void>;
  /** Waits as long as Gitea says "try again later". */
  merge(pull: Pull, method?: 'merge' | 'squash' | 'rebase', deleteBranch?: boolean): Promise<void>;
  close(pull: Pull): Promise<void>;
  reopen(pull: Pull): Promise<void>;
  /** A commit of the reviewer's that adds a file; answers its id. */
  commitOn(branch: string, path: string): Promise<string>;
  makeBranch(name: string): Promise<void>;
  deleteBranch(name: string): Promise<void>;
  /** Null: there is none. */
  branch(name: string): Promise<BranchHead | null>;
  /** How many commits the branch has over this base. */
  ahead(branch: string, base?: string): Promise<number>;
  parentsOf(commit: string): Promise<readonly string[]>;
  /** Changes settings of the repository as its administrator. */
  change(settings: Readonly<Record<string, unknown>>): Promise<void>;
}

export function giteaPeople(gitea: Gitea, { path }: Pick<GiteaRepository, 'path'>): GiteaPeople {
  const { reviewer } = gitea.users;
  const ask = <T>(method: string, rest: string, body?: unknown): Promise<T> =>
    gitea.request(method, `${path}${rest}`, body, reviewer) as Promise<T>;
  const pulls: GiteaPeople['pulls'] = (state = 'all') => ask('GET', `/pulls?state=${state}&limit=50`);
  return {
    pulls,
    pull: (number) => ask('GET', `/pulls/${number}`),
    openOf: (name) =>
      eventually(`an open pull request of ${name}`, async () =>
        (await pulls('open')).find(({ head }) => head.label.includes(`/${name}-`)),
      ),
    approve: async ({ number, head }) => {
      const approval = { event: 'APPROVED', body: 'Fine', commit_id: head.sha };
      await ask('POST', `/pulls/${number}/reviews`, approval);
    },
    merge: async ({ number }, method = 'merge', deleteBranch = false) => {
      const order = { Do: method, delete_branch_after_merge: deleteBranch };
      await eventually(`the merge of #${number}`, async () => {
        await ask('POST', `/pulls/${number}/merge`, order);
        return true;
      });
    },
    close: async ({ number }) => void (await ask('PATCH', `/pulls/${number}`, { state: 'closed' })),
    reopen: async ({ number }) => void (await ask('PATCH', `/pulls/${number}`, { state: 'open' })),
    commitOn: async (branch, file) => {
      const content = Buffer.from('a note\n').toString('base64');
      const order = { branch, content, message: `Add ${file}` };
      const { commit } = await ask<{ readonly commit: { readonly sha: string } }>('POST', `/contents/${file}`, order);
      return commit.sha;
    },
    makeBranch: async (name) => void (await ask('POST', '/branches', { new_branch_name: name })),
    deleteBranch: async (name) => void (await ask('DELETE', `/branches/${name}`)),
    branch: async (name) => {
      const all = await ask<readonly { readonly name: string; readonly commit: BranchHead }[]>('GET', branchList);
      return all.find((one) => one.name === name)?.commit ?? null;
    },
    ahead: async (branch, base = 'main') =>
      (await ask<{ readonly total_commits: number }>('GET', `/compare/${base}...${branch}`)).total_commits,
    parentsOf: async (commit) => {
      const found = await ask<{ readonly parents: readonly { readonly sha: string }[] }>(
        'GET',
        `/git/commits/${commit}`,
      );
      return found.parents.map(({ sha }) => sha);
    },
    change: async (settings) => void (await gitea.request('PATCH', path, settings)),
  };
}

const branchList = '/branches?limit=50';
