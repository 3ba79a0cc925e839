/** What a forge does to the repository behind it: merges of each kind, commits, and what it finds out about branches. */
import { nativeGit } from './native-git.ts';
import type { TestRepository } from './test-repository.ts';

export type MergeKind = 'merge' | 'squash' | 'rebase' | 'fast-forward';

interface Person {
  readonly name: string;
  readonly email: string;
}

interface Merging {
  readonly git: TestRepository;
  readonly base: string;
  readonly head: string;
  readonly kind: MergeKind;
  readonly message: string;
  readonly by: Person;
}

/** Puts the head onto the base and moves the branch; null where they conflict, or could not be fast-forwarded. */
export async function mergeBranch(merging: Merging): Promise<string | null> {
  const { git, base, kind } = merging;
  const baseCommit = await git.head(base);
  if (baseCommit === null) return null;
  const merged = kind === 'fast-forward' ? await fastForward(merging, baseCommit) : await made(merging, baseCommit);
  if (merged !== null) await git.git('update-ref', `refs/heads/${base}`, merged, baseCommit);
  return merged;
}

async function fastForward({ git, head }: Merging, baseCommit: string): Promise<string | null> {
  return (await isAncestor(git, baseCommit, head)) ? head : null;
}

async function made(merging: Merging, baseCommit: string): Promise<string | null> {
  const { git, head, kind, by, message } = merging;
  if (kind === 'rebase') return rebased(merging, baseCommit);
  const tree = await mergedTree(git, baseCommit, head);
  if (tree === null) return null;
  const parents = kind === 'merge' ? [baseCommit, head] : [baseCommit];
  return commitTree(git, { tree, parents, message, author: by, committer: forgeItself });
}

async function rebased({ git, head }: Merging, baseCommit: string): Promise<string | null> {
  const commits = (await git.git('rev-list', '--reverse', `${baseCommit}..${head}`)).split('\n').filter(Boolean);
  let onto = baseCommit;
  for (const commit of commits) {
    const tree = await mergedTree(git, onto, commit);
    if (tree === null) return null;
    const [name = '', email = '', message = ''] = (
      await git.git('log', '-1', '--format=%an%x00%ae%x00%B', commit)
    ).split('\0');
    onto = await commitTree(git, { tree, parents: [onto], message, author: { name, email }, committer: forgeItself });
  }
  return onto;
}

const forgeItself: Person = { name: 'Forge', email: 'noreply@forge.example' };

/** Null: they conflict. */
export async function mergedTree(git: TestRepository, ours: string, theirs: string): Promise<string | null> {
  return git.git('merge-tree', '--write-tree', ours, theirs).then(
    (text) => text.split('\n', 1)[0] ?? null,
    () => null,
  );
}

export async function isAncestor(git: TestRepository, ancestor: string, descendant: string): Promise<boolean> {
  return git.git('merge-base', '--is-ancestor', ancestor, descendant).then(
    () => true,
    () => false,
  );
}

interface FileChanges {
  readonly additions: readonly { readonly path: string; readonly contents: Buffer }[];
  readonly deletions: readonly { readonly path: string }[];
}

/** One commit on top of another, in an index of its own; null where it would delete what is not there. */
export async function commitChanges(
  git: TestRepository,
  parent: string,
  changes: FileChanges,
  texts: { readonly message: string; readonly author: Person; readonly committer: Person },
): Promise<string | null> {
  const env = { GIT_INDEX_FILE: `${git.path}/index-${process.hrtime.bigint()}` };
  const run = (args: readonly string[], input?: string | Buffer): Promise<string> =>
    nativeGit(['-C', git.path, ...args], { env, ...(input === undefined ? {} : { input }) });
  await run(['read-tree', parent]);
  const lines: string[] = [];
  const held = new Set((await run(['ls-files', '-z'])).split('\0'));
  for (const { path } of changes.deletions) {
    if (!held.has(path)) return null;
    lines.push(`0 ${'0'.repeat(40)}\t${path}`);
  }
  for (const { path, contents } of changes.additions) {
    lines.push(`100644 ${(await run(['hash-object', '-w', '--stdin'], contents)).trim()}\t${path}`);
  }
  await run(['update-index', '--replace', '--index-info'], `${lines.join('\n')}\n`);
  const tree = (await run(['write-tree'])).trim();
  return commitTree(git, { tree, parents: [parent], ...texts });
}

interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Person;
  readonly committer: Person;
}

async function commitTree(git: TestRepository, commit: NewCommit): Promise<string> {
  const { tree, parents, message, author, committer } = commit;
  const env = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
  };
  const args = ['-C', git.path, 'commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])];
  return (await nativeGit(args, { env, input: message })).trim();
}
