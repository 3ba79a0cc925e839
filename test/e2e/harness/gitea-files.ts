/** Copies out of Gitea's module what it reads at run time: page templates, languages, and the like. */
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Say } from './go.ts';
import { findGo } from './go.ts';
import { cacheFolder } from './paths.ts';
import { pinnedVersion } from './tools.ts';

const module = 'code.gitea.io/gitea';

/** Gives the folder, for `STATIC_ROOT_PATH`. The pages that Gitea serves have no JavaScript: that is no Go module. */
export async function giteaFiles(say: Say): Promise<string> {
  const version = pinnedVersion('gitea', module);
  const folder = join(cacheFolder(), 'share', `gitea-${version}`);
  if (existsSync(folder)) return folder;
  say('copying the files of Gitea out of its module');
  const go = await findGo();
  const { Dir: from } = JSON.parse(await go.run(['mod', 'download', '-json', `${module}@${version}`], '/')) as {
    readonly Dir: string;
  };
  const draft = `${folder}.${process.pid}`;
  for (const part of ['templates', 'options', 'public']) {
    cpSync(join(from, part), join(draft, part), { recursive: true, mode: 0 });
  }
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another run may have been a moment faster.
    rmSync(draft, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
