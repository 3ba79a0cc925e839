/** What the log says of a commit that went out: for which deployment, which image, and who asked for it. */
import type { Present } from '../domain/desired.ts';
import type { CommitId } from '../domain/identifiers.ts';
import { revisionName } from '../domain/revision-name.ts';
import type { Draft } from './draft.ts';

/** `commit` is null where it is there already. */
export function shownOf({ desired, reviewed, commit: { author }, image }: Draft, commit: CommitId | null) {
  return {
    deployment: desired.name,
    change: reviewed.change,
    ...(desired.kind === 'present' ? { revision: nameOf(desired) } : {}),
    image,
    by: `${author.name} <${author.email}>`,
    ...(commit === null ? {} : { commit: commit.slice(0, 12) }),
  };
}

/** The field is called so already. */
function nameOf({ revisionId: id, revisionNumber: number }: Present): string {
  return revisionName({ id, number }).replace(/^revision /, '');
}
