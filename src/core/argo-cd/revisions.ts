/** Which revisions an Argo CD Application speaks of, with one source or with several. */
import type { LiveObject } from '../../domain/live-object.ts';
import { fieldAt, listAt, textAt } from '../../domain/object-fields.ts';

/** What it was last compared with; after a ComparisonError often the name of the branch. */
export function comparedRevisions(application: LiveObject): readonly string[] {
  return revisionsAt(fieldAt(application, 'status', 'sync'));
}

/**
 * What its operation is about. `retry.refresh` empties what was asked for, and a new attempt empties the result, so
 * the first of the places that says something counts.
 */
export function operationRevisions(application: LiveObject): readonly string[] {
  const places = [
    fieldAt(application, 'status', 'operationState', 'syncResult'),
    fieldAt(application, 'status', 'operationState', 'operation', 'sync'),
    fieldAt(application, 'operation', 'sync'),
  ];
  const found = places.map(revisionsAt).find((revisions) => revisions.length > 0);
  return found ?? comparedRevisions(application);
}

function revisionsAt(place: unknown): readonly string[] {
  const all = [textAt(place, 'revision'), ...listAt(place, 'revisions')];
  return all.filter((revision): revision is string => typeof revision === 'string' && revision !== '');
}
