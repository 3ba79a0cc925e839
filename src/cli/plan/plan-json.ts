/** A plan as data, for programs: stable names, whole contents, no colours. */
import type { NamespacePreview } from '../../listener/preview.ts';

export function planJson(previews: readonly NamespacePreview[]) {
  return {
    namespaces: previews.map(({ failure, ...preview }) => ({
      ...preview,
      failure: failure && { kind: failure.kind, reason: failure.reason, message: failure.message },
    })),
  };
}
