/** The options of `towpath render`. */

export interface RenderOptions {
  readonly config?: string;
  readonly namespace?: string;
  readonly output?: string;
  readonly json?: true;
}
