/** Pull requests as a table for people, and as data for programs. */
import pc from 'picocolors';
import { plainLine } from '../../core/plain-line.ts';
import { revisionName } from '../../domain/revision-name.ts';
import type { ReviewSeen, ReviewState } from '../../listener/operate/reviews.ts';
import { messages } from '../failure-text.ts';
import { age } from '../operating/age.ts';
import { failureJson, type Surveyed } from '../operating/survey.ts';

/** `reviews` null: changes go straight to the branch. */
type NamespaceReviews = Surveyed<{ readonly reviews: readonly ReviewSeen[] | null }>;

export function reviewsJson(all: readonly NamespaceReviews[]) {
  return {
    namespaces: all.map(({ failure, found, ...where }) => ({
      ...where,
      failure: failureJson(failure),
      mode: found === null ? null : found.reviews === null ? 'direct' : 'proposed',
      pullRequests: (found?.reviews ?? []).map(({ createdAt, ...review }) => ({
        ...review,
        createdAt: createdAt.toISOString(),
      })),
    })),
  };
}

export function reviewsText(all: readonly NamespaceReviews[], now: Date): string {
  const reviews = all.flatMap(({ found }) => found?.reviews ?? []);
  const open = reviews.filter(({ state }) => state !== 'rejected').length;
  const summary = [
    open === 0 ? 'No pull request is open' : `${open} ${open === 1 ? 'pull request is' : 'pull requests are'} open`,
    ...(open < reviews.length ? [`${reviews.length - open} rejected`] : []),
    ...(all.some(({ failure }) => failure !== null) ? ['as far as could be read'] : []),
  ];
  return `${all.map((each) => namespaceText(each, now)).join('\n')}\n${pc.bold(summary.join(', '))}\n`;
}

function namespaceText({ namespace, repository, branch, found, failure }: NamespaceReviews, now: Date): string {
  const title = `${pc.bold(namespace)} ${pc.dim(`${repository} ${branch}`)}`;
  if (failure) return `${title}\n  ${pc.red(messages(failure).join('\n  because: '))}\n`;
  const reviews = found?.reviews ?? null;
  if (reviews === null) {
    return `${title}\n  ${pc.dim('nothing is proposed: publication.mode is direct, and changes go straight to the branch')}\n`;
  }
  if (reviews.length === 0) return `${title}\n  ${pc.dim('nothing waits for review')}\n`;
  const rows = reviews.map((review) => ({ review, cells: cellsOf(review, now) }));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map(({ cells }) => (cells[column] ?? '').length)));
  const lines = rows.flatMap(({ review, cells }) => rowLines(review, cells, widths));
  return `${[title, ...lines].join('\n')}\n`;
}

function cellsOf(
  { number, deployment, title, change, revisionId, revisionNumber, createdAt }: ReviewSeen,
  now: Date,
): readonly string[] {
  const what = [change ?? '', revisionId === null ? '' : revisionName({ id: revisionId, number: revisionNumber })]
    .join(' ')
    .trim();
  return [`#${number}`, deployment ?? plainLine(title, 40), what, age(createdAt, now)];
}

function rowLines(review: ReviewSeen, cells: readonly string[], widths: readonly number[]): readonly string[] {
  const padded = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  return [`  ${padded.join('  ')}  ${statePaint[review.state](stateText(review))}`, `      ${pc.dim(review.url)}`];
}

function stateText({ state, by, why }: ReviewSeen): string {
  const who = by.length === 0 ? '' : ` by ${by.map((each) => plainLine(each, 100)).join(', ')}`;
  const because = why === null || why === '' ? '' : `: ${plainLine(why, 200)}`;
  return `${stateWords[state]}${state === 'waiting' && who !== '' ? `, approved${who}` : who}${because}`;
}

const stateWords: Readonly<Record<ReviewState, string>> = {
  waiting: 'waits for review',
  approved: 'approved',
  refused: 'refused',
  draft: 'draft',
  conflict: 'in conflict with the branch',
  behind: 'behind the branch',
  edited: 'edited',
  rejected: 'rejected',
};

const statePaint: Readonly<Record<ReviewState, (text: string) => string>> = {
  waiting: pc.yellow,
  approved: pc.green,
  refused: pc.magenta,
  draft: pc.dim,
  conflict: pc.magenta,
  behind: pc.yellow,
  edited: pc.magenta,
  rejected: pc.red,
};
