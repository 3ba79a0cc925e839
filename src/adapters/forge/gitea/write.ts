/** Opening and updating pull requests of Gitea: opened once, with labels by name and reviewers that may not exist. */
import { asTowpathError, TowpathError } from '../../../domain/failure.ts';
import type { NewPullRequest, PullRequest, PullRequestContent } from '../../../domain/pull-request.ts';
import { messagesOf } from '../http/failure.ts';
import { shaped } from '../http/shape.ts';
import { readReviews } from './approval.ts';
import { type GiteaClient, listOpen, readOne, shown } from './lists.ts';
import { draftTitle, GiteaPullRequest } from './shapes.ts';

export async function createOne(client: GiteaClient, request: NewPullRequest): Promise<PullRequest> {
  const { http, path, base, labels } = client;
  const purpose = `open a pull request for "${request.head}"`;
  const order = {
    ...{ head: request.head, base, body: request.body },
    title: request.draft ? draftTitle(request.title) : request.title,
    labels: await labels.idsOf(request.labels),
  };
  const { status, body } = await http.post(`${path}/pulls`, order, { purpose, accept: [409] });
  if (status === 409) return adoptOpen(client, request, purpose, body);
  const created = await labelled(client, shaped(http, purpose, GiteaPullRequest, body), request.labels);
  await askReviewers(client, created.number, request, []);
  return shown(client, created);
}

export async function updateOne(
  client: GiteaClient,
  number: number,
  content: PullRequestContent,
): Promise<PullRequest> {
  return shown(client, await change(client, number, content, await readOne(client, number)));
}

/** Somebody was faster, or our own answer was lost: the open one becomes what was asked for. */
async function adoptOpen(
  client: GiteaClient,
  request: NewPullRequest,
  purpose: string,
  refusal: unknown,
): Promise<PullRequest> {
  const open = (await listOpen(client)).find(({ head }) => head.label === request.head);
  if (!open) throw strangeConflict(purpose, client.http.server, refusal);
  const updated = await change(client, open.number, request, open);
  const asked = (await readReviews(client, open.number)).flatMap(({ user }) => (user ? [user.login] : []));
  await askReviewers(client, open.number, request, asked);
  return shown(client, updated);
}

async function change(
  client: GiteaClient,
  number: number,
  { title, body, labels }: PullRequestContent,
  known: GiteaPullRequest | null,
): Promise<GiteaPullRequest> {
  const { http, path } = client;
  const purpose = `update pull request #${number}`;
  // Whether it is a draft stands in its title, and a person may have changed that.
  const isDraft = known?.draft ?? false;
  const order = { title: isDraft ? draftTitle(title) : title, body };
  const answer = await http.patch(`${path}/pulls/${number}`, order, { purpose });
  return labelled(client, shaped(http, purpose, GiteaPullRequest, answer.body), labels);
}

/** It had it a moment ago: whoever closed it meanwhile has the word, and the next look finds out. */
function strangeConflict(purpose: string, server: string, refusal: unknown): TowpathError {
  const words = messagesOf(refusal).join('; ');
  const message = `Cannot ${purpose} at ${server}: it answered 409: ${words}; but none is open; it is tried again`;
  return new TowpathError('transient', 'ForgeUnreachable', message);
}

/** Adds what is missing, so that a person's own labels stay. */
async function labelled(
  client: GiteaClient,
  found: GiteaPullRequest,
  wanted: readonly string[],
): Promise<GiteaPullRequest> {
  const { http, path, labels, log } = client;
  const lacks = ({ labels: given }: GiteaPullRequest): readonly string[] =>
    wanted.filter((name) => !given?.some((label) => label.name === name));
  let missing = lacks(found);
  if (missing.length === 0) return found;
  const purpose = `label pull request #${found.number}`;
  const add = async (): Promise<void> => {
    const ids = await labels.idsOf(missing);
    if (ids.length > 0) await http.post(`${path}/issues/${found.number}/labels`, { labels: ids }, { purpose });
  };
  try {
    await add();
    const labelled = (await readOne(client, found.number)) ?? found;
    missing = lacks(labelled);
    if (missing.length === 0) return labelled;
    // Ids that Gitea does not know are ignored without a word: somebody has deleted such a label.
    labels.forget();
    await add();
    return (await readOne(client, found.number)) ?? found;
  } catch (error) {
    if (asTowpathError(error)?.reason !== 'ForgeForbidden') throw error;
    log.warn('Went on without a label', { pullRequest: found.number, error: asTowpathError(error)?.message });
    return found;
  }
}

/** One who cannot be asked must not keep the others from it, and none of them the pull request from being open. */
async function askReviewers(
  { http, path, log }: GiteaClient,
  number: number,
  { reviewers, teamReviewers }: NewPullRequest,
  asked: readonly string[],
): Promise<void> {
  const purpose = `ask for a review of pull request #${number}`;
  const ask = (order: object): Promise<unknown> =>
    http.post(`${path}/pulls/${number}/requested_reviewers`, order, { purpose });
  const people = reviewers.filter((name) => !asked.includes(name));
  if (people.length + teamReviewers.length === 0) return;
  try {
    await ask({ reviewers: people, team_reviewers: teamReviewers });
    return;
  } catch {
    // Which one it is, is found out one by one.
  }
  const orders = [
    ...people.map((name) => ({ reviewers: [name] })),
    ...teamReviewers.map((name) => ({ team_reviewers: [name] })),
  ];
  for (const order of orders) {
    await ask(order).catch((error: unknown) =>
      log.warn('Could not ask for a review', { pullRequest: number, ...order, error: asTowpathError(error)?.message }),
    );
  }
}
