/** One object of a change, with what it was and what it becomes. */
import type { Manifest } from '../manifest.ts';

export interface ChangedObject {
  readonly kind: string;
  readonly name: string;
  /** `app.kubernetes.io/component`, where the object has one. */
  readonly component: string | null;
  readonly before: Manifest | null;
  readonly after: Manifest | null;
}
