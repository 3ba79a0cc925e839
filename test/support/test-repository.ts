/** A bare repository on the test server, looked at and changed by native git. */
import { nativeGit } from './native-git.ts';

interface LoggedCommit {
  readonly id: string;
  readonly subject: string;
  readonly body: string;
  readonly author: string;
  readonly committer: string;
  readonly parents: readonly string[];
}

export interface TestRepository {
  readonly name: string;
  /** The bare repository on disk. */
  readonly path: string;
  /** Where it is served; no credentials in it. */
  readonly url: string;
  /** Native git inside the bare repository. */
  git(...args: readonly string[]): Promise<string>;
  /** One commit by somebody else that writes (null: deletes) files on a branch, straight into the repository. */
  seed(
    files: Readonly<Record<string, string | null>>,
    options?: { branch?: string; message?: string },
  ): Promise<string>;
  /** Null: the branch is not there. */
  head(branch?: string): Promise<string | null>;
  /** Newest first; empty without the branch. */
  log(branch?: string): Promise<readonly LoggedCommit[]>;
  /** Every file of the branch, path to content. */
  tree(branch?: string): Promise<Readonly<Record<string, string>>>;
  /** Throws with git's own words when anything is wrong or dangling in an unexpected way. */
  fsck(): Promise<void>;
}

export function testRepository(name: string, path: string, url: string): TestRepository {
  const git = (...args: readonly string[]): Promise<string> => nativeGit(['-C', path, ...args]);
  const head = async (branch = 'main'): Promise<string | null> => {
    const found = await git('for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`);
    return found.trim() || null;
  };
  return {
    name,
    path,
    url,
    git,
    head,
    seed: async (files, { branch = 'main', message = 'seed\n' } = {}) => {
      const input = importStream(files, branch, message, await head(branch));
      return (await nativeGit(['-C', path, 'fast-import', '--quiet'], { input })).trim();
    },
    log: async (branch = 'main') => {
      if (!(await head(branch))) return [];
      const format = '%H%x00%s%x00%b%x00%an <%ae>%x00%cn <%ce>%x00%P%x01';
      return parseLog(await git('log', `--format=${format}`, `refs/heads/${branch}`));
    },
    tree: async (branch = 'main') => ((await head(branch)) ? await readTree(path, branch) : {}),
    fsck: async () => {
      await git('fsck', '--full', '--strict', '--no-dangling');
    },
  };
}

let lastSecond = 0;

/** Given once, so that the same change made twice makes two commits, also within one second. */
function ownSecond(): number {
  lastSecond = Math.max(Math.floor(Date.now() / 1000), lastSecond + 1);
  return lastSecond;
}

function importStream(
  files: Readonly<Record<string, string | null>>,
  branch: string,
  message: string,
  from: string | null,
): Buffer {
  const parts = [
    `commit refs/heads/${branch}\nmark :1\nauthor Ada <ada@example.com> ${ownSecond()} +0000\n`,
    `committer Ada <ada@example.com> ${Math.floor(Date.now() / 1000)} +0000\n`,
    `data ${Buffer.byteLength(message)}\n${message}\n`,
    from ? `from ${from}\n` : '',
  ];
  for (const [path, content] of Object.entries(files)) {
    const quoted = `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
    if (content === null) parts.push(`D ${quoted}\n`);
    else parts.push(`M 100644 inline ${quoted}\ndata ${Buffer.byteLength(content)}\n${content}\n`);
  }
  // It answers with the commit's id.
  return Buffer.from(`${parts.join('')}get-mark :1\n`);
}

function parseLog(text: string): readonly LoggedCommit[] {
  return text
    .split('\u0001')
    .map((entry) => entry.replace(/^\n/, '').split('\0'))
    .filter((fields) => fields.length === 6)
    .map(([id = '', subject = '', body = '', author = '', committer = '', parents = '']) => ({
      id,
      subject,
      body,
      author,
      committer,
      parents: parents.split(' ').filter(Boolean),
    }));
}

async function readTree(path: string, branch: string): Promise<Record<string, string>> {
  const listing = await nativeGit(['-C', path, 'ls-tree', '-r', '-z', `refs/heads/${branch}`]);
  const entries = listing
    .split('\0')
    .filter(Boolean)
    .map((line) => ({ id: line.split(/[ \t]/)[2] ?? '', name: line.slice(line.indexOf('\t') + 1) }));
  const ids = entries.map((entry) => entry.id).join('\n');
  const batch = await nativeGit(['-C', path, 'cat-file', '--batch'], { input: `${ids}\n` });
  return contentsOf(Buffer.from(batch, 'utf8'), entries);
}

/** `cat-file --batch`: a line `<id> blob <size>`, the content, a newline; in the order that was asked for. */
function contentsOf(batch: Buffer, entries: readonly { readonly name: string }[]): Record<string, string> {
  const files: Record<string, string> = {};
  let at = 0;
  for (const { name } of entries) {
    const end = batch.indexOf(10, at);
    const size = Number(batch.toString('latin1', at, end).split(' ')[2]);
    files[name] = batch.toString('utf8', end + 1, end + 1 + size);
    at = end + 1 + size + 1;
  }
  return files;
}
