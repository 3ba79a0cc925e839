/** The base branch of a site under review, as a person changes it with git of his own. */
import { join } from 'node:path';
import { nativeGit } from '../../support/native-git.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { testRepository } from '../../support/test-repository.ts';
import type { ReviewSite } from './review-site.ts';

type Files = Readonly<Record<string, string>>;

interface BaseClone {
  head(): Promise<string>;
  /** Every file, path to content. */
  tree(): Promise<Files>;
  /** The folder of the deployment, without a slash; throws where there is none. */
  folderOf(name: string): Promise<string>;
  /** Pushes a commit of the reviewer's that writes (null: deletes) files; answers its id. */
  commit(files: Readonly<Record<string, string | null>>, message?: string): Promise<string>;
  /** Puts the files of an older head back, by a commit on top; answers its id. */
  revertTo(commit: string): Promise<string>;
  /** Force-pushes a history that holds one commit only, with these files; answers its id. */
  rewrite(files: Files): Promise<string>;
}

export async function baseClone({ gitea, repository }: ReviewSite): Promise<BaseClone> {
  const path = join(await temporaryFolder('base'), 'base.git');
  const url = repository.cloneUrlOf(gitea.users.reviewer);
  await nativeGit(['clone', '--quiet', '--bare', url, path]);
  const { git, seed, tree: treeOf, head } = testRepository(repository.name, path, url);
  const refresh = () => git('fetch', '--quiet', 'origin', '+refs/heads/main:refs/heads/main');
  const push = () => git('push', '--quiet', '--force', 'origin', 'refs/heads/main');
  const tree = async (): Promise<Files> => refresh().then(() => treeOf());
  const commit: BaseClone['commit'] = async (files, message = 'Tune it') => {
    await refresh();
    const id = await seed(files, { message: `${message}\n` });
    await push();
    return id;
  };
  return {
    tree,
    commit,
    head: async () => refresh().then(async () => (await head()) ?? ''),
    folderOf: async (name) => {
      const [found] = Object.keys(await tree()).filter((each) => each.startsWith(`deployments/${name}-`));
      if (found === undefined) throw new Error(`there is no folder of ${name}`);
      return found.split('/').slice(0, 2).join('/');
    },
    revertTo: async (older) => {
      const now = await tree();
      await git('branch', '--force', 'older', older);
      const gone = Object.fromEntries(Object.keys(now).map((each) => [each, null]));
      return commit({ ...gone, ...(await treeOf('older')) }, 'Take it back');
    },
    rewrite: async (files) => {
      await git('update-ref', '-d', 'refs/heads/main');
      const id = await seed(files, { message: 'Begin anew\n' });
      await push();
      return id;
    },
  };
}
