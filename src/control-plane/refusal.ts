/** A request that is answered with an error, in the words and shapes that LangSmith's clients know. */

import type { Principal } from './principal.ts';

/** One entry of FastAPI's 422 answer. */
export interface Issue {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 501 | 503;

/** Becomes `{"detail": …}`: a sentence, or the list of issues with status 422. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: RefusalStatus;
  readonly detail: string | readonly Issue[];
  /** When the same may be asked again. */
  readonly retryAfterSeconds: number | undefined;
  /** Who was refused, where that is known before the request has its principal. */
  readonly caller: Principal | null;

  constructor(
    status: RefusalStatus,
    detail: string | readonly Issue[],
    options: ErrorOptions & { readonly retryAfterSeconds?: number; readonly caller?: Principal } = {},
  ) {
    super(typeof detail === 'string' ? detail : detail.map((issue) => issue.msg).join('; '), options);
    this.status = status;
    this.detail = detail;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.caller = options.caller ?? null;
  }
}
