/** The folder of bare repositories behind the embedded git server: making them, and cleaning up after a kill. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TowpathError } from '../../domain/failure.ts';

const run = promisify(execFile);

/** Letters, digits, `.`, `_`, `-`, beginning with a letter or digit: never a way out of the folder. */
const repositoryName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** What every repository is set to; written at each start, so that a newer version's wishes reach old folders. */
const settings: readonly (readonly [string, string])[] = [
  ['http.receivepack', 'true'],
  ['uploadpack.allowFilter', 'true'],
  ['uploadpack.allowAnySHA1InWant', 'true'],
  ['receive.fsckObjects', 'true'],
  // A push must never wait for housekeeping; `maintain` does it between pushes.
  ['receive.autogc', 'false'],
  ['gc.auto', '0'],
  // By default git leaves loose objects to the page cache, and a power cut would leave a head without its tree.
  ['core.fsync', 'objects,derived-metadata,reference'],
  // A push stays the pack that it came as: one file to make durable instead of one an object, twice as fast.
  ['receive.unpackLimit', '1'],
];

/** A lock younger than this may belong to a git process that outlived its killed server by a moment. */
const youngMs = 1_000;

/** Git without the settings of whoever started us, and without any way to ask for a password. */
export function gitEnvironment(more: readonly (readonly [string, string])[] = []): NodeJS.ProcessEnv {
  // A volume may belong to another user than the one we run as; these folders are ours by configuration.
  const given = [['safe.directory', '*'] as const, ...more];
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(given.length),
    ...Object.fromEntries(
      given.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  };
}

/** Runs git and gives what it printed. */
export async function runGit(args: readonly string[], options: { cwd?: string } = {}): Promise<string> {
  try {
    const done = await run('git', [...args], { ...options, env: gitEnvironment(), maxBuffer: 64 * 1024 * 1024 });
    return done.stdout;
  } catch (cause) {
    throw gitFailure(args, cause);
  }
}

/** The path of a repository, for a name that came from outside; null when it is none. */
export function repositoryPath(root: string, name: string): string | null {
  return repositoryName.test(name) && !name.endsWith('.git') && !name.endsWith('.lock')
    ? join(root, `${name}.git`)
    : null;
}

/** Makes the bare repository `<name>.git` with the branch `main` unborn; one that is there is left as it is. */
export async function createRepository(root: string, name: string): Promise<string> {
  const path = repositoryPath(root, name);
  if (!path) {
    throw new TowpathError(
      'terminal',
      'InvalidRepositoryName',
      `Cannot create the repository ${JSON.stringify(name)}: use letters, digits, ".", "_" and "-", at most 100, without ".git"`,
    );
  }
  if (await exists(path)) return path;
  // Built beside its place and moved there whole: a kill leaves either no repository or a complete one.
  const draft = join(root, `.new-${name}-${randomBytes(6).toString('hex')}`);
  await mkdir(root, { recursive: true });
  await runGit(['init', '--quiet', '--bare', '--initial-branch=main', '--template=', draft]);
  await configure(draft);
  await rename(draft, path).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(path))) throw error;
  });
  return path;
}

/** Names of the repositories that are there, without `.git`. */
export async function listRepositories(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && entry.name.endsWith('.git') && !entry.name.startsWith('.'))
    .map((entry) => entry.name.slice(0, -'.git'.length))
    .sort();
}

/**
 * Takes away what killed git processes left behind (`*.lock`, half packs, quarantines), and repositories that were
 * never finished. Only for a folder that no other server uses. Gives the paths that it removed.
 */
export async function sweepRepositories(root: string): Promise<string[]> {
  const deadline = Date.now() + youngMs;
  let leftovers = await findLeftovers(root);
  while (leftovers.some((one) => Date.now() - one.modifiedMs < youngMs) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    leftovers = await findLeftovers(root);
  }
  for (const one of leftovers) await rm(one.path, { recursive: true, force: true });
  return leftovers.map((one) => one.path);
}

/** Writes the settings into a repository, where they do not hold already; all at once, as git does it, by a lock file. */
export async function configure(path: string): Promise<void> {
  const listing = await runGit(['-C', path, 'config', '--local', '--list', '--null']);
  // Where a name stands twice, git heeds the last.
  const present = new Map(listing.split('\0').map((entry) => entry.split('\n') as [string, string]));
  const missing = settings.filter(([key, value]) => present.get(key.toLowerCase()) !== value);
  if (missing.length === 0) return;
  const lines = missing.map(([key, value]) => `[${key.replace('.', ']\n\t')} = ${value}\n`);
  const config = join(path, 'config');
  await writeFile(`${config}.lock`, `${await readFile(config, 'utf8')}${lines.join('')}`, { flag: 'wx' });
  await rename(`${config}.lock`, config);
}

/** Melts the packs of many pushes into few, the big old ones left alone; safe beside running fetches and pushes. */
export async function maintain(path: string): Promise<void> {
  await runGit(['-C', path, 'repack', '-d', '-q', '--geometric=2']);
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

interface Leftover {
  readonly path: string;
  readonly modifiedMs: number;
}

async function findLeftovers(root: string): Promise<Leftover[]> {
  const drafts = (await readdir(root).catch(() => [])).filter((name) => name.startsWith('.new-'));
  const found = drafts.map((name) => join(root, name));
  for (const name of await listRepositories(root)) {
    const path = join(root, `${name}.git`);
    const entries = await readdir(path).catch(() => []);
    found.push(...entries.filter((entry) => isLock(entry)).map((entry) => join(path, entry)));
    found.push(...(await findBelow(join(path, 'refs'), isLock)));
    found.push(...(await findBelow(join(path, 'objects'), isTemporary)));
  }
  const dated = await Promise.all(found.map(async (path) => ({ path, modifiedMs: await modifiedMs(path) })));
  return dated.flatMap(({ path, modifiedMs }) => (modifiedMs === null ? [] : [{ path, modifiedMs }]));
}

/** Does not look inside what matches: a quarantine goes as a whole. */
async function findBelow(folder: string, matches: (name: string) => boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (matches(entry.name)) found.push(path);
    else if (entry.isDirectory()) found.push(...(await findBelow(path, matches)));
  }
  return found;
}

function isLock(name: string): boolean {
  return name.endsWith('.lock');
}

function isTemporary(name: string): boolean {
  return isLock(name) || /^(?:\.?tmp_|\.tmp-|tmp-|incoming-)/.test(name);
}

async function modifiedMs(path: string): Promise<number | null> {
  return await stat(path).then(
    (found) => found.mtimeMs,
    () => null,
  );
}

function gitFailure(args: readonly string[], cause: unknown): TowpathError {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
    return new TowpathError(
      'terminal',
      'GitMissing',
      'Cannot run git: the program is not in PATH; install git (2.32 or newer) and start again',
      { cause },
    );
  }
  const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
  return new TowpathError('terminal', 'GitFailed', `Cannot run git ${args.join(' ')}: ${said}`, { cause });
}
