/** The result of one pass over a lane. */
import type { CommitId } from '../domain/identifiers.ts';
import type { Report } from '../domain/report.ts';

export type PassOutcome =
  /** Nothing changed anywhere: one request, no rendering. */
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'done';
      readonly reports: readonly Report[];
      readonly head: CommitId | null;
      readonly pushed: number;
      readonly refusal: string | null;
      readonly orphans: readonly string[];
    };
