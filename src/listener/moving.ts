/** One branch, several writers: whoever was slower looks again, and again, for a while. */
import pRetry from 'p-retry';
import { TowpathError } from '../domain/failure.ts';
import type { Repository } from '../ports.ts';
import { TryAgain } from './publish.ts';
import type { Timings } from './timings.ts';

/** Each attempt that throws TryAgain is followed by another; `advice` says what follows where all of them were too slow. */
export async function whileItMoves<Result>(
  { first, most, attempts }: Timings['movedMs'],
  attempt: () => Promise<Result>,
  { branch, url, advice }: Pick<Repository, 'branch' | 'url'> & { readonly advice: string },
): Promise<Result> {
  try {
    return await pRetry(attempt, {
      retries: attempts,
      minTimeout: first,
      maxTimeout: most,
      randomize: true,
      shouldRetry: ({ error }) => error instanceof TryAgain,
    });
  } catch (error) {
    if (!(error instanceof TryAgain)) throw error;
    const message = `Cannot push to branch ${branch} of ${url}: somebody else was faster each time; ${advice}`;
    throw new TowpathError('transient', 'HeadKeepsMoving', message, { cause: error });
  }
}
