/** The facts that templates' values are computed from. */
import type { RenderInput } from '../template/set.ts';
import type { Labels } from './labels.ts';
import type { Sizes } from './resources.ts';
import type { ServerValues } from './server.ts';

/** What has been worked out once and several parts need. */
export interface Facts {
  readonly input: RenderInput;
  readonly sizes: Sizes;
  readonly server: ServerValues;
  readonly extraLabels: Labels;
}
