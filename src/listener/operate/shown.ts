/** What a command shows before it acts: each commit, and each file before and after. */

import { type FilePreview, filesOf } from '../preview.ts';
import type { Look, OperatedDraft } from './operate.ts';

export interface Changes {
  readonly commits: readonly CommitShown[];
}

export interface CommitShown {
  readonly subject: string;
  readonly path: string;
  readonly files: readonly FilePreview[];
}

export async function changesShown({ context, view }: Look, drafts: readonly OperatedDraft[]): Promise<Changes> {
  const commits: CommitShown[] = [];
  for (const draft of drafts) {
    const files = await filesOf(context.repository, view.snapshot, draft);
    commits.push({ subject: draft.commit.message.split('\n', 1)[0] ?? '', path: draft.path, files });
  }
  return { commits };
}
