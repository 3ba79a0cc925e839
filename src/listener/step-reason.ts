/** Why a commit is made that no new revision asked for. */
import type { Drift, WritingStep } from '../core/plan.ts';

const driftWords: Readonly<Record<Drift, string>> = {
  edited: 'edited',
  reverted: 'reverted to an older revision',
  removed: 'removed',
};

export function whyOf(step: WritingStep): string | null {
  switch (step.kind) {
    case 'lay-down':
    case 'update':
      return null;
    case 'rerender':
      return 'The template set or the configuration changed; the revision did not.';
    case 'restore':
      return `The folder was ${driftWords[step.drift]} in git, and the configuration says drift: restore.`;
    default:
      return step satisfies never;
  }
}
