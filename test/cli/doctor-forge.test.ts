/** What the doctor says of a forge: each of its answers, and what to do about those that are in the way. */
import { describe, expect, it } from 'vitest';
import {
  type ForgeSubject,
  judgeForge,
  judgePermissions,
  judgeReviewers,
  neededPermissions,
} from '../../src/cli/doctor/forge-judge.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import type { ForgeRepository } from '../../src/domain/pull-request.ts';

const good: ForgeRepository = {
  account: 'towpath-bot',
  defaultBranch: 'main',
  archived: false,
  mayPush: true,
  mergeMethods: ['merge', 'squash'],
  protected: true,
  mergeSignature: 'signed',
};

function subject(publication: object, changes: Partial<ForgeSubject> = {}): ForgeSubject {
  const settings = Namespace.parse({
    repository: 'https://github.com/acme/agents',
    publication: { mode: 'proposed', tokenFile: 'token', ...publication },
    engine: 'argo-cd',
  });
  return { settings, signsCommits: false, servesWebhooks: true, ...changes };
}

/** `verdict title: message` of each. */
function said(about: ForgeSubject, forge: Partial<ForgeRepository> = {}): readonly string[] {
  return judgeForge(about, { ...good, ...forge }).map(
    ({ verdict, title, message }) => `${verdict} ${title}: ${message}`,
  );
}

describe('the doctor, of a forge', () => {
  it('is content with a protected repository that the token may write to', () => {
    expect(said(subject({}))).toEqual([
      'ok forge: the token is good, and belongs to towpath-bot',
      'ok base: main is the default branch',
      'ok protection: the base demands reviews or checks',
      'ok merging: people may merge by: merge, squash',
      'ok webhooks: are listened for; whether the forge reaches them its own page of deliveries tells',
    ]);
  });

  it('fails where a reviewer does not exist', () => {
    const about = subject({ reviewers: ['ada', 'ghost'] });

    expect(judgeReviewers(about, ['ghost'])).toMatchObject([
      { verdict: 'failed', title: 'reviewers', message: expect.stringContaining('no user ghost') },
    ]);
    expect(judgeReviewers(about, [])).toMatchObject([{ verdict: 'ok', message: 'the forge knows ada, ghost' }]);
    expect(judgeReviewers(subject({}), [])).toEqual([]);
  });

  it('warns where a squash loses the trailers, unless nobody squashes there', () => {
    const squash = { trailers: 'lost', how: 'choose another default message' } as const;
    const warned = 'warning squash: a person who squashes leaves the trailers of the commit behind';
    const isWarned = (lines: readonly string[]): boolean => lines.some((line) => line.startsWith(warned));

    expect(isWarned(said(subject({}), { squash }))).toBe(true);
    expect(isWarned(said(subject({ autoMerge: 'squash' }), { squash }))).toBe(true);
    expect(isWarned(said(subject({}), { squash, mergeMethods: ['merge'] }))).toBe(false);
    expect(isWarned(said(subject({ merge: 'fast-forward' }), { squash }))).toBe(false);
    expect(said(subject({}), { squash: { trailers: 'kept', how: 'its template has them' } })).toContain(
      'ok squash: keeps the trailers of the commit: its template has them',
    );
  });

  it.each([
    [{ archived: true }, 'failed forge: the repository is archived, so that nothing can change in it'],
    [{ mayPush: false }, 'failed forge: towpath-bot may not push to the repository'],
    [{ account: null, mayPush: false }, 'failed forge: the account may not push to the repository'],
    [{ defaultBranch: 'trunk' }, 'ok base: main is not the default branch, which is trunk'],
    [{ protected: null }, 'skipped protection: these credentials are not told whether the base demands reviews'],
    [
      { protected: false },
      'warning protection: the base demands no review: whoever may write can merge a pull request, or push past it',
    ],
  ])('says of %j what it means', (forge, expected) => {
    expect(said(subject({}), forge)).toContain(expected);
  });

  it.each([
    ['rebase', {}, 'failed merging: autoMerge is rebase, but the repository allows merge, squash'],
    ['squash', {}, 'ok merging: the forge merges by itself (squash)'],
    [
      'squash',
      { allowsAutoMerge: false },
      'failed merging: autoMerge is squash, but the repository allows no auto-merge',
    ],
    [
      'squash',
      { protected: false },
      'warning merging: autoMerge is squash, and the base demands nothing: each pull request is merged as it is opened',
    ],
  ])('holds autoMerge: %s against what the repository allows', (autoMerge, forge, expected) => {
    expect(said(subject({ autoMerge }), forge)).toContain(expected);
  });

  it('says that a listener which merges by itself must be let onto the base', () => {
    const about = subject({ merge: 'fast-forward' });

    expect(said(about)).toContain(
      'warning protection: merge is fast-forward, so towpath-bot itself must be let onto the base',
    );
    expect(said(about, { protected: false }).join()).toContain('ok protection');
  });

  it.each([
    ['unsigned', 'ok merging: commits are signed, but what the forge merges is not'],
    ['signed', 'ok merging: commits are signed, and what the forge merges it signs by a key of its own'],
    ['unknown', 'skipped merging: commits are signed; the forge does not tell whether it signs what it merges'],
  ] as const)('says what becomes of our signatures where what the forge merges is %s', (mergeSignature, expected) => {
    expect(said(subject({}, { signsCommits: true }), { mergeSignature })).toContain(expected);
  });

  it('has no word on signatures where nothing is signed, or the signed commit itself goes onto the base', () => {
    const silent = [subject({}), subject({ merge: 'fast-forward' }, { signsCommits: true })];

    expect(silent.flatMap((about) => said(about, { mergeSignature: 'unsigned' })).join()).not.toContain('are signed');
  });

  it('asks of a forge that only makes commits no more than that it takes them', () => {
    const about = subject({ mode: 'direct', commits: 'api' });

    expect(said(about, { protected: false })).toEqual([
      'ok forge: the token is good, and belongs to towpath-bot',
      'ok base: main is the default branch',
    ]);
  });

  it('says how often it looks where no webhook tells of anything', () => {
    const about = subject({ interval: '45s' }, { servesWebhooks: false });

    expect(said(about)).toContain('skipped webhooks: are not configured: pull requests are looked at every 45 s');
  });

  it('says what to do wherever something is in the way', () => {
    const about = subject({ autoMerge: 'rebase' }, { signsCommits: true });

    const findings = judgeForge(about, { ...good, archived: true, mayPush: false, mergeSignature: 'unsigned' });

    const bad = findings.filter(({ verdict }) => verdict === 'failed' || verdict === 'warning');
    expect(bad).toHaveLength(3);
    expect(bad.every(({ mend }) => mend !== null && mend.length > 20)).toBe(true);
  });
});

describe('the doctor, of a GitHub App', () => {
  const needed = (publication: object) => neededPermissions(subject(publication).settings);

  it.each([
    [{}, { contents: 'write', metadata: 'read', pull_requests: 'write' }, 'ok', 'all 3'],
    [{}, { contents: 'read', metadata: 'read' }, 'failed', 'contents: write, pull_requests: write'],
    [{}, { contents: 'admin', metadata: 'read', pull_requests: 'write' }, 'ok', 'all 3'],
    [
      { merge: 'fast-forward' },
      { contents: 'write', metadata: 'read', pull_requests: 'write', checks: 'read' },
      'failed',
      'statuses: read',
    ],
    [{ mode: 'direct', commits: 'api' }, { contents: 'write', metadata: 'read' }, 'ok', 'all 2'],
  ])('with %j and the permissions %j', (publication, granted, verdict, text) => {
    const found = judgePermissions(needed(publication), granted as Readonly<Record<string, string>>);

    expect(found).toMatchObject({ verdict, message: expect.stringContaining(text) });
  });
});
