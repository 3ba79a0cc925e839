/** What a forge must be and allow for the way in which a namespace publishes. */
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { ForgeRepository, MergeMethod } from '../../domain/pull-request.ts';
import { type Finding, failed, ok, skipped, warning } from './check.ts';

export interface ForgeSubject {
  readonly settings: Pick<Namespace, 'branch' | 'publication'>;
  readonly signsCommits: boolean;
  readonly servesWebhooks: boolean;
}

/** What `forge` said of the repository. */
export function judgeForge(subject: ForgeSubject, forge: ForgeRepository): readonly Finding[] {
  const { publication } = subject.settings;
  return [
    judgeAccount(forge),
    ...judgePushing(forge),
    judgeBase(subject, forge),
    ...(publication.mode === 'proposed'
      ? [
          ...judgeProtection(publication, forge),
          ...judgeAutoMerge(publication, forge),
          ...judgeSquash(publication, forge),
          ...judgeSignature(subject, publication, forge),
          judgeWebhooks(subject, publication),
        ]
      : []),
  ];
}

type Proposed = Extract<Namespace['publication'], { mode: 'proposed' }>;

function judgeAccount({ account }: ForgeRepository): Finding {
  return account === null
    ? ok('forge', 'the token is good; the forge does not tell whose it is')
    : ok('forge', `the token is good, and belongs to ${account}`);
}

function judgePushing({ archived, mayPush, account }: ForgeRepository): readonly Finding[] {
  const who = account ?? 'the account';
  return [
    ...(archived
      ? [failed('forge', 'the repository is archived, so that nothing can change in it', 'take it out of the archive')]
      : []),
    ...(mayPush
      ? []
      : [failed('forge', `${who} may not push to the repository`, 'give it the right to write (GitLab: Developer)')]),
  ];
}

/** Not wrong: an engine follows whichever branch it was told. */
function judgeBase({ settings: { branch } }: ForgeSubject, { defaultBranch }: ForgeRepository): Finding {
  return branch === defaultBranch
    ? ok('base', `${branch} is the default branch`)
    : ok('base', `${branch} is not the default branch, which is ${defaultBranch}`);
}

function judgeProtection(
  { merge }: Proposed,
  { protected: isProtected, account }: ForgeRepository,
): readonly Finding[] {
  const title = 'protection';
  const who = account ?? 'the account';
  if (merge === 'fast-forward') {
    const message = `merge is fast-forward, so ${who} itself must be let onto the base`;
    if (isProtected === false)
      return [ok(title, 'nothing keeps the listener from putting approved commits onto the base')];
    return [
      warning(title, message, 'allow this account to push to the protected branch; whether it may only a push tells'),
    ];
  }
  if (isProtected === null) return [skipped(title, 'these credentials are not told whether the base demands reviews')];
  if (isProtected) return [ok(title, 'the base demands reviews or checks')];
  const message = 'the base demands no review: whoever may write can merge a pull request, or push past it';
  return [warning(title, message, 'protect the base at the forge, and demand a review')];
}

function judgeAutoMerge({ autoMerge, merge }: Proposed, forge: ForgeRepository): readonly Finding[] {
  const { mergeMethods, allowsAutoMerge, protected: isProtected } = forge;
  if (merge === 'fast-forward') return [];
  const title = 'merging';
  const allowed = mergeMethods.join(', ') || 'none';
  if (autoMerge === 'none') return [ok(title, `people may merge by: ${allowed}`)];
  if (!(mergeMethods as readonly (MergeMethod | string)[]).includes(autoMerge)) {
    const mend = 'allow it in the settings of the repository, or choose another autoMerge';
    return [failed(title, `autoMerge is ${autoMerge}, but the repository allows ${allowed}`, mend)];
  }
  if (allowsAutoMerge === false) {
    const message = `autoMerge is ${autoMerge}, but the repository allows no auto-merge`;
    return [failed(title, message, 'allow auto-merge in the settings of the repository, or set autoMerge to none')];
  }
  if (isProtected !== false) return [ok(title, `the forge merges by itself (${autoMerge})`)];
  const message = `autoMerge is ${autoMerge}, and the base demands nothing: each pull request is merged as it is opened`;
  return [warning(title, message, 'demand a review at the forge, or set publication.mode to direct')];
}

/** PROVENANCE says who asked, whatever becomes of the commit; but only trailers are found by `git log --grep`. */
function judgeSquash({ merge }: Proposed, { mergeMethods, squash }: ForgeRepository): readonly Finding[] {
  if (merge === 'fast-forward' || squash === undefined || !mergeMethods.includes('squash')) return [];
  if (squash.trailers === 'kept') return [ok('squash', `keeps the trailers of the commit: ${squash.how}`)];
  const message =
    'a person who squashes leaves the trailers of the commit behind: git log --grep does not find the revision';
  return [warning('squash', message, squash.how)];
}

/** What that means for an engine which verifies signatures, is said where the engine is looked at. */
function judgeSignature(
  { signsCommits }: ForgeSubject,
  { merge }: Proposed,
  { mergeSignature }: ForgeRepository,
): readonly Finding[] {
  if (!signsCommits || merge === 'fast-forward') return [];
  const words: Readonly<Record<ForgeRepository['mergeSignature'], Finding>> = {
    signed: ok('merging', 'commits are signed, and what the forge merges it signs by a key of its own'),
    unsigned: ok('merging', 'commits are signed, but what the forge merges is not'),
    unknown: skipped('merging', 'commits are signed; the forge does not tell whether it signs what it merges'),
  };
  return [words[mergeSignature]];
}

function judgeWebhooks({ servesWebhooks }: ForgeSubject, { interval }: Proposed): Finding {
  return servesWebhooks
    ? ok('webhooks', 'are listened for; whether the forge reaches them its own page of deliveries tells')
    : skipped('webhooks', `are not configured: pull requests are looked at every ${interval / 1000} s`);
}

export function reviewersOf({ publication }: Pick<Namespace, 'publication'>): readonly string[] {
  return publication.mode === 'proposed' ? publication.reviewers : [];
}

/** `unknown` are those that the forge cannot ask; pull requests are opened without them. */
export function judgeReviewers({ settings }: ForgeSubject, unknown: readonly string[]): readonly Finding[] {
  const reviewers = reviewersOf(settings);
  if (reviewers.length === 0) return [];
  if (unknown.length === 0) return [ok('reviewers', `the forge knows ${reviewers.join(', ')}`)];
  const message = `the forge has no user ${unknown.join(', ')} who may see the repository: nobody is asked in their place`;
  return [failed('reviewers', message, 'correct publication.reviewers, or give them access to the repository')];
}

/** What an App must be allowed, GitHub’s words for it to the least level. */
export function neededPermissions({ publication }: Pick<Namespace, 'publication'>): Readonly<Record<string, string>> {
  return {
    contents: 'write',
    metadata: 'read',
    ...(publication.mode === 'proposed' ? { pull_requests: 'write' } : {}),
    ...(publication.mode === 'proposed' && publication.merge === 'fast-forward'
      ? { checks: 'read', statuses: 'read' }
      : {}),
  };
}

/** `granted` as GitHub tells with a token. */
export function judgePermissions(
  needed: Readonly<Record<string, string>>,
  granted: Readonly<Record<string, string>>,
): Finding {
  const missing = Object.entries(needed).filter(([name, level]) => levels(granted[name]) < levels(level));
  if (missing.length === 0) return ok('permissions', `the App has all ${Object.keys(needed).length} that are needed`);
  const words = missing.map(([name, level]) => `${name}: ${level}`).join(', ');
  const mend = 'give them to the App, and have its owner accept them in the installation';
  return failed('permissions', `the App lacks ${words}`, mend);
}

function levels(level: string | undefined): number {
  return ['read', 'write', 'admin'].indexOf(level ?? '');
}
