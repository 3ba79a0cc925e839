/** The three ways a step can fail; the loop needs to know nothing else. */
import type { Finding } from './finding.ts';

/** transient: retry with backoff. waiting: carries its own delay. terminal: waits for a new revision or a human. */
export type FailureKind = 'transient' | 'waiting' | 'terminal';

export class TowpathError extends Error {
  override readonly name = 'TowpathError';
  readonly kind: FailureKind;
  /** One CamelCase word for machines: `PushDenied`, `InvalidManifest`. */
  readonly reason: string;
  /** Milliseconds to wait, where the other side has said so (`Retry-After`). */
  readonly retryAfterMs: number | undefined;
  /** What the message lists, for whoever shows each by itself. */
  readonly findings: readonly Finding[];

  /** `message` reads "Cannot <do> <what>: <why>", says what to do next, and holds no secret. */
  constructor(
    kind: FailureKind,
    reason: string,
    message: string,
    options: ErrorOptions & { retryAfterMs?: number; findings?: readonly Finding[] } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
    this.findings = options.findings ?? [];
  }
}

/** Finds the TowpathError anywhere in the cause chain. */
export function asTowpathError(error: unknown): TowpathError | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof TowpathError) return current;
  }
  return undefined;
}

/** What nobody has classed counts as transient: it is tried again and stays visible. */
export function failureKind(error: unknown): FailureKind {
  return asTowpathError(error)?.kind ?? 'transient';
}
