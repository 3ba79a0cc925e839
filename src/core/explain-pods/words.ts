/** What is found out about one pod or container, before the pod's name is put to it. */

export interface Explanation {
  readonly reason: string;
  /** Goes on after `Pod <name>: `. */
  readonly words: string;
  readonly advice: string;
  readonly isStuck: boolean;
  readonly container?: string;
  /** Null or absent: since the pod began. */
  readonly since?: Date | null;
  readonly latest?: Date | null;
  readonly isPuzzling?: boolean;
}
