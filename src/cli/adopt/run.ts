/** Runs `towpath adopt`. */
import pc from 'picocolors';
import { TowpathError } from '../../domain/failure.ts';
import { repoPath } from '../../domain/file-tree.ts';
import { type AdoptShown, adopt } from '../../listener/operate/adopt.ts';
import type { OperateOptions } from '../operating/operated.ts';
import { runOperation } from '../operating/operated.ts';

export function adoptFolder(deployment: string, options: AdoptOptions): Promise<number> {
  const from = options.from === undefined ? null : pathOf(options.from);
  return runOperation<AdoptShown>(options, () => ({
    question: { action: `adopt a folder for "${deployment}"`, question: 'Take it over?' },
    command: (operation, confirm) => adopt(operation, { deployment, from }, confirm),
    lines: ({ goes }) => goes.map((path) => `  ${pc.red('-')} ${path} is not among what is laid down, and goes`),
  }));
}

/** `./apps/chat/` is what a shell completes. */
function pathOf(text: string): string {
  try {
    return repoPath(text.replace(/^(?:\.\/)+/, '').replace(/\/+$/, ''));
  } catch (cause) {
    const message = `Cannot adopt from "${text}": expected a folder's path from the repository's root, such as apps/chat`;
    throw new TowpathError('terminal', 'InvalidPath', message, { cause });
  }
}

export interface AdoptOptions extends OperateOptions {
  readonly from?: string;
}
