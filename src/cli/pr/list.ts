/** Runs `towpath pr list`: reads each namespace by itself, and prints its pull requests. */
import { listReviews } from '../../listener/operate/reviews.ts';
import { survey } from '../operating/survey.ts';
import { reviewsJson, reviewsText } from './reviews-text.ts';

/** 0, whatever waits; 1 where a forge or a repository could not be read. */
export async function listPullRequests(options: PullRequestListOptions): Promise<number> {
  const all = await survey(options, async (look) => ({ reviews: await listReviews(look) }));
  process.stdout.write(options.json ? `${JSON.stringify(reviewsJson(all), null, 2)}\n` : reviewsText(all, new Date()));
  return all.some(({ failure }) => failure !== null) ? 1 : 0;
}

export interface PullRequestListOptions {
  readonly config: string;
  readonly namespace?: string;
  readonly json?: true;
}
