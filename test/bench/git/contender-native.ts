/** Native git at its best: fast-import or plumbing into a bare repository without a work tree, then `git push`. */
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nativeGit, nativeGitEnvironment } from '../../support/native-git.ts';
import { importCommit } from './base-repository.ts';
import { type Contender, type ContenderWorld, messageOf, secondsOf } from './contender.ts';
import { changedDeployment, type File, filesOf } from './deployments.ts';

type Writer = (world: ContenderWorld, first: number, count: number) => Promise<string>;

export function nativeContender(writer: 'fast-import' | 'plumbing'): Contender {
  let world: ContenderWorld;
  const write: Writer = writer === 'fast-import' ? fastImport : plumbing;
  return {
    open: async (given) => {
      world = given;
      const inMirror = (...args: readonly string[]): Promise<string> => nativeGit(['-C', world.mirror, ...args]);
      await inMirror('config', 'gc.auto', '0');
      await inMirror('config', 'remote.origin.url', world.url);
      await inMirror('update-ref', 'refs/remotes/origin/main', 'main');
    },
    changes: async (first, count) => {
      const script = await write(world, first, count);
      // One shell for all: what Node needs to start a process is not git's cost.
      return () => shell(`${script}\ngit push --quiet origin main:main`, world.mirror);
    },
    coldStart: async (given) => async () => {
      const clone = join(given.scratch, 'cold.git');
      await rm(clone, { recursive: true, force: true });
      await shell(coldStartScript(given.url, clone), given.scratch);
    },
    idle: async () => () => shell(`git ls-remote --quiet ${world.url} refs/heads/main >/dev/null`, world.mirror),
    close: async () => {},
  };
}

/** All blobs come with one fetch, as git itself would do it for a checkout. */
function coldStartScript(url: string, clone: string): string {
  return `git clone --quiet --bare --depth 1 --filter=blob:none ${url} ${clone}
cd ${clone}
git ls-tree -r HEAD deployments | awk '/\\tdeployments\\/.*PROVENANCE$/ { print $3 }' >ids
git -c fetch.negotiationAlgorithm=noop fetch --quiet origin --no-tags --no-write-fetch-head --recurse-submodules=no --filter=blob:none --stdin <ids
git cat-file --batch <ids >provenance`;
}

async function fastImport(world: ContenderWorld, first: number, count: number): Promise<string> {
  const stream = join(world.scratch, `import-${first}`);
  const commits = Array.from({ length: count }, (_, index) => {
    const change = first + index;
    const from = index === 0 ? 'refs/heads/main^0' : null;
    return importCommit(messageOf(change), changedFiles(change, world), secondsOf(change), from);
  });
  await writeFile(stream, commits.join(''));
  return `git fast-import --quiet <${stream}`;
}

/** Along the path only: the deployment's tree, its parents, the root. */
async function plumbing(world: ContenderWorld, first: number, count: number): Promise<string> {
  const scripts: string[] = ['head=$(git rev-parse main)'];
  for (let change = first; change < first + count; change++) {
    const files = changedFiles(change, world);
    const sources: string[] = [];
    for (const [index, [, content]] of files.entries()) {
      const source = join(world.scratch, `file-${index}`);
      await writeFile(source, content);
      sources.push(source);
    }
    scripts.push(treeScript(files, sources, change));
  }
  return [...scripts, 'git update-ref refs/heads/main $head'].join('\n');
}

function treeScript(files: readonly File[], sources: readonly string[], change: number): string {
  const segments = (files[0]?.[0] ?? '').split('/').slice(0, -1);
  const seconds = `${secondsOf(change)} +0000`;
  const lines = [`set -- $(git hash-object -w ${sources.join(' ')})`, 'cat >entries <<END'];
  lines.push(...files.map(([path], index) => `100644 blob $\{${index + 1}}\t${path.split('/').at(-1)}`));
  lines.push('END', 'tree=$(git mktree <entries)');
  for (let depth = segments.length - 1; depth >= 0; depth--) {
    const parent = segments.slice(0, depth).join('/');
    const name = segments[depth];
    lines.push(
      `tree=$(git ls-tree $head:${parent} | sed "s/^040000 tree [0-9a-f]*\\t${name}$/040000 tree $tree\\t${name}/" | git mktree)`,
    );
  }
  lines.push(
    `export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.com GIT_AUTHOR_DATE='${seconds}'`,
    `export GIT_COMMITTER_NAME=Towpath GIT_COMMITTER_EMAIL=towpath@example.com GIT_COMMITTER_DATE='${seconds}'`,
    `head=$(git commit-tree $tree -p $head <<END\n${messageOf(change)}END\n)`,
  );
  return lines.join('\n');
}

function changedFiles(change: number, { count, layout }: ContenderWorld): File[] {
  return filesOf(changedDeployment(change, count), change + 1, layout);
}

async function shell(script: string, cwd: string): Promise<void> {
  const child = spawn('/bin/sh', ['-e'], { cwd, env: nativeGitEnvironment, stdio: ['pipe', 'inherit', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8');
  });
  child.stdin.end(script);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`native git ended with ${code}: ${complaint}`);
}
