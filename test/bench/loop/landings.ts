/** When each revision's commit was on the server: the branches are looked at all the time, the history is read at the end. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Landings {
  /** How many commits the branches hold by now is not known here; this tells when each revision landed. */
  read(): ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

const lookEveryMs = 4;

export function watchLandings(root: string, namespaces: readonly string[]): Landings {
  const branches = namespaces.map((name) => new WatchedBranch(join(root, `${name}.git`)));
  let watching = true;
  const watched = (async () => {
    while (watching) {
      for (const branch of branches) await branch.look();
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  })();
  return {
    read: () => new Map(branches.flatMap((branch) => [...branch.read()])),
    async stop() {
      watching = false;
      await watched;
    },
  };
}

class WatchedBranch {
  readonly #repository: string;
  readonly #seen = new Map<string, number>();
  readonly #landed = new Map<string, number>();
  #readUpTo: string | null = null;
  #newest: string | null = null;

  constructor(repository: string) {
    this.#repository = repository;
  }

  async look(): Promise<void> {
    const head = await readFile(join(this.#repository, 'refs/heads/main'), 'utf8').catch(() => null);
    if (head === null || this.#seen.has(head.trim())) return;
    this.#newest = head.trim();
    this.#seen.set(this.#newest, performance.now());
  }

  /** Only what is new is read: looking on must not wait for it. */
  read(): ReadonlyMap<string, number> {
    if (this.#newest !== null && this.#newest !== this.#readUpTo) {
      const range = this.#readUpTo === null ? this.#newest : `${this.#readUpTo}..${this.#newest}`;
      this.#readRange(range, this.#seen.get(this.#newest) ?? Number.NaN);
      this.#readUpTo = this.#newest;
    }
    return this.#landed;
  }

  /** A commit has landed with the first head that was seen at or after it. */
  #readRange(range: string, newestAt: number): void {
    const format = '%H %(trailers:key=Revision-Id,valueonly,separator=%x2C)';
    const log = execFileSync('git', ['-C', this.#repository, 'log', `--format=${format}`, range], { maxBuffer: 1e9 });
    let at = newestAt;
    for (const line of String(log).trimEnd().split('\n')) {
      const [commit = '', revision = ''] = line.split(' ');
      at = this.#seen.get(commit) ?? at;
      if (revision !== '') this.#landed.set(revision, at);
    }
  }
}
