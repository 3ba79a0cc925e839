/** The brake on removals: a mass deletion is more often a mistake than a wish. */
import type { Namespace } from '../domain/configuration-namespace.ts';
import type { NamespaceName } from '../domain/identifiers.ts';
import { releaseCommand } from './release-commands.ts';

interface DeletionState {
  readonly namespace: NamespaceName;
  /** Removals that git shows within the window, whoever made them. */
  readonly recent: number;
  readonly wanted: number;
  /** True once the limit was reached: it stays until a person releases it. */
  readonly held: boolean;
}

type DeletionDecision = { readonly kind: 'go' } | { readonly kind: 'refused'; readonly message: string };

/** All or none: the first ten of a hundred mistaken removals would be ten too many. */
export function decideRemovals(limit: Namespace['deletion'], state: DeletionState): DeletionDecision {
  if (state.wanted === 0 || (!state.held && state.recent + state.wanted <= limit.max)) return { kind: 'go' };
  const minutes = Math.round(limit.within / 60_000);
  return {
    kind: 'refused',
    message:
      `Cannot remove ${state.wanted} deployment(s): ${state.recent} were removed within the last ${minutes} min and ` +
      `deletion.max is ${limit.max}; if they are meant, run: ${releaseCommand('deletions', state.namespace)}`,
  };
}

/** How git shows a removal, whichever listener made it. */
export function isRemovalSubject(subject: string): boolean {
  return subject.startsWith('remove(');
}
