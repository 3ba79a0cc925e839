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
  const heads = new Map<string, Map<string, number>>(namespaces.map((name) => [name, new Map()]));
  let watching = true;
  const watched = (async () => {
    while (watching) {
      for (const [name, seen] of heads) {
        const head = await readFile(join(root, `${name}.git/refs/heads/main`), 'utf8').catch(() => null);
        if (head !== null && !seen.has(head.trim())) seen.set(head.trim(), performance.now());
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  })();
  return {
    read: () => new Map([...heads].flatMap(([name, seen]) => [...landedIn(join(root, `${name}.git`), seen)])),
    async stop() {
      watching = false;
      await watched;
    },
  };
}

/** A commit has landed with the first head that was seen at or after it. */
function landedIn(repository: string, seen: ReadonlyMap<string, number>): Map<string, number> {
  const landed = new Map<string, number>();
  if (seen.size === 0) return landed;
  const format = '%H %(trailers:key=Revision-Id,valueonly,separator=%x2C)';
  const log = execFileSync('git', ['-C', repository, 'log', `--format=${format}`, 'main'], { maxBuffer: 1e9 });
  let at = performance.now();
  for (const line of String(log).trimEnd().split('\n')) {
    const [commit = '', revision = ''] = line.split(' ');
    at = Math.min(at, seen.get(commit) ?? at);
    if (revision !== '') landed.set(revision, at);
  }
  return landed;
}
