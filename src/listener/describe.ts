/** Errors in words for a log. */
import { asTowpathError } from '../domain/failure.ts';

/** What may be logged of an error: our own words, never what a stranger's stack holds. */
export function describe(error: unknown): string {
  return (
    asTowpathError(error)?.message ?? (error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error')
  );
}
