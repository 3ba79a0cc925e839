/** Who may write: one of several replicas by a Lease, or the only process there is. */

export interface Leadership {
  /** Rises with each new leader; reports of a lower one are refused. */
  readonly term: number;
  /** Asked right before each write: a process that slept does not know that it was replaced. */
  isHeld(): boolean;
  /** Answers a term above that one: where a Lease was made anew, the control plane has seen higher ones. */
  raiseTerm(above: number): Promise<number>;
}

/** Without an election nobody else is expected, and there is nothing to raise. */
export const soleLeadership: Leadership = { term: 0, isHeld: () => true, raiseTerm: async () => 0 };
