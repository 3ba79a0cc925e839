/** What webhooks of the forges say, by payloads of the shapes that they send. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWebhook, targetsOf, type WebhookEvent } from '../../src/core/webhook/event.ts';

const githubRepository = {
  id: 35129377,
  name: 'agents',
  full_name: 'acme/agents',
  html_url: 'https://github.com/acme/agents',
  url: 'https://github.com/acme/agents',
  clone_url: 'https://github.com/acme/agents.git',
  ssh_url: 'git@github.com:acme/agents.git',
  git_url: 'git://github.com/acme/agents.git',
  default_branch: 'main',
};
const giteaRepository = {
  id: 4,
  full_name: 'acme/agents',
  html_url: 'https://git.example/acme/agents',
  url: 'https://git.example/api/v1/repos/acme/agents',
  clone_url: 'https://git.example/acme/agents.git',
  ssh_url: 'ssh://git@git.example:2222/acme/agents.git',
};
const gitlabProject = {
  id: 15,
  web_url: 'https://gitlab.example/platform/team/agents',
  git_ssh_url: 'git@gitlab.example:platform/team/agents.git',
  git_http_url: 'https://gitlab.example/platform/team/agents.git',
  path_with_namespace: 'platform/team/agents',
  homepage: 'https://gitlab.example/platform/team/agents',
};

function event(headers: Readonly<Record<string, string>>, payload: unknown): WebhookEvent | null {
  return readWebhook(headers, JSON.stringify(payload));
}

function branchesOf(headers: Readonly<Record<string, string>>, payload: object): readonly string[] | null | string {
  const read = event(headers, payload);
  return read?.kind === 'changed' ? read.branches : (read?.kind ?? 'nothing');
}

describe('a webhook of GitHub', () => {
  const github = (name: string, payload: object) =>
    branchesOf({ 'x-github-event': name }, { ...payload, repository: githubRepository });

  it.each([
    ['ping', { zen: 'Keep it logically awesome.', hook_id: 1 }, 'ping'],
    ['push', { ref: 'refs/heads/main', before: 'a', after: 'b' }, ['main']],
    ['push', { ref: 'refs/heads/towpath/agent-1', deleted: true }, ['towpath/agent-1']],
    ['push', { ref: 'refs/tags/v1' }, 'other'],
    ['delete', { ref: 'towpath/agent-1', ref_type: 'branch' }, ['towpath/agent-1']],
    ['create', { ref: 'v1', ref_type: 'tag' }, 'other'],
    ['pull_request', { action: 'closed', number: 2, pull_request: { base: { ref: 'main' } } }, ['main']],
    [
      'pull_request',
      { action: 'edited', changes: { base: { ref: { from: 'main' } } }, pull_request: { base: { ref: 'next' } } },
      ['next', 'main'],
    ],
    ['pull_request_review', { action: 'submitted', pull_request: { base: { ref: 'main' } } }, ['main']],
    ['status', { state: 'success', branches: [{ name: 'main' }] }, null],
    ['check_suite', { action: 'completed', check_suite: { head_branch: 'main' } }, null],
    ['repository', { action: 'renamed' }, null],
    ['star', { action: 'created' }, 'other'],
    ['constructor', {}, 'other'],
  ])('%s %j tells of %j', (name, payload, expected) => {
    expect(github(name, payload)).toEqual(expected);
  });

  it('is read as a form, too, as GitHub sends unless one chooses JSON', () => {
    const payload = JSON.stringify({ ref: 'refs/heads/main', repository: githubRepository });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-github-event': 'push' };

    const read = readWebhook(headers, new URLSearchParams({ payload }).toString());

    expect(read).toMatchObject({ kind: 'changed', branches: ['main'], fullName: 'acme/agents' });
  });
});

describe('a webhook of Gitea or Forgejo', () => {
  it.each([
    ['push', { ref: 'refs/heads/main' }, ['main']],
    ['pull_request', { action: 'synchronized', pull_request: { base: { ref: 'main' } } }, ['main']],
    ['pull_request_approved', { action: 'reviewed', pull_request: { base: { ref: 'main' } } }, ['main']],
    ['pull_request_rejected', { action: 'reviewed', pull_request: { base: { ref: 'main' } } }, ['main']],
    ['status', { state: 'success' }, null],
    ['issues', { action: 'opened' }, 'other'],
  ])('%s %j tells of %j', (name, payload, expected) => {
    const whole = { ...payload, repository: giteaRepository };
    const headers = { 'x-gitea-event': name, 'x-gitea-event-type': `${name}_x`, 'x-github-event': 'push' };

    expect(branchesOf(headers, whole)).toEqual(expected);
    expect(branchesOf({ 'x-forgejo-event': name }, whole)).toEqual(expected);
  });
});

describe('a webhook of GitLab', () => {
  it.each([
    ['Push Hook', { object_kind: 'push', ref: 'refs/heads/main' }, ['main']],
    ['System Hook', { event_name: 'push', ref: 'refs/heads/main' }, ['main']],
    ['Tag Push Hook', { object_kind: 'tag_push', ref: 'refs/tags/v1' }, 'other'],
    [
      'Merge Request Hook',
      { object_kind: 'merge_request', object_attributes: { iid: 3, target_branch: 'main', action: 'merge' } },
      ['main'],
    ],
    [
      'Merge Request Hook',
      {
        object_kind: 'merge_request',
        object_attributes: { target_branch: 'next' },
        changes: { target_branch: { previous: 'main', current: 'next' } },
      },
      ['next', 'main'],
    ],
    ['Pipeline Hook', { object_kind: 'pipeline', object_attributes: { status: 'success' } }, null],
    ['Note Hook', { object_kind: 'note' }, 'other'],
  ])('%s %j tells of %j', (name, payload, expected) => {
    expect(branchesOf({ 'x-gitlab-event': name }, { ...payload, project: gitlabProject })).toEqual(expected);
  });
});

describe('whom a webhook concerns', () => {
  const targets = [
    { name: 'direct', repository: 'git@github.com:Acme/Agents.git', branch: 'main', branchPrefix: null },
    { name: 'proposed', repository: 'https://github.com/acme/agents', branch: 'live', branchPrefix: 'towpath/' },
    { name: 'gitea', repository: 'http://gitea.gitea.svc:3000/acme/robots.git', branch: 'main', branchPrefix: null },
    { name: 'gitlab', repository: 'https://gitlab.example/platform/team/agents', branch: 'main', branchPrefix: null },
  ];
  const named = (headers: Readonly<Record<string, string>>, payload: object) => {
    const read = event(headers, payload);
    return read?.kind === 'changed' ? targetsOf(read, targets) : null;
  };

  it.each([
    ['the base of one', githubRepository, 'refs/heads/main', ['direct']],
    ['the base of another', githubRepository, 'refs/heads/live', ['proposed']],
    ['a branch that changes are proposed on', githubRepository, 'refs/heads/towpath/a-1', ['proposed']],
    ['a branch of people', githubRepository, 'refs/heads/feature', []],
  ])('a push to %s', (_, repository, ref, names) => {
    expect(named({ 'x-github-event': 'push' }, { ref, repository })).toEqual({ known: true, names });
  });

  it('is told by owner and name where the forge calls itself otherwise', () => {
    const repository = {
      full_name: 'acme/robots',
      clone_url: 'https://git.example/acme/robots.git',
      html_url: 'https://git.example/acme/robots',
    };

    const found = named({ 'x-gitea-event': 'push' }, { ref: 'refs/heads/main', repository });

    expect(found?.names).toEqual(['gitea']);
  });

  it('is nobody for a repository that no namespace has, though its name ends alike', () => {
    const repository = { full_name: 'me/agents', clone_url: 'https://github.com/me/agents.git' };

    expect(named({ 'x-github-event': 'push' }, { ref: 'refs/heads/main', repository })).toEqual({
      known: false,
      names: [],
    });
  });

  it('is told by GitLab’s project, with all its groups', () => {
    const payload = { object_kind: 'merge_request', project: gitlabProject, object_attributes: {} };

    expect(named({}, payload)?.names).toEqual(['gitlab']);
  });
});

describe('whatever else may come', () => {
  it.each(['', 'null', '[]', '"push"', '{', '\u0000', '1e999'])('%j is no webhook', (body) => {
    expect(readWebhook({ 'x-github-event': 'push' }, body)).toBeNull();
  });

  it('never throws, and names only texts', () => {
    const names = fc.constantFrom('push', 'pull_request', 'delete', 'status', '__proto__', 'merge_request', '');
    const key = fc.constantFrom('repository', 'project', 'ref', 'pull_request', 'base', 'changes', 'clone_url', 'x');
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.constant('refs/heads/main'),
        fc.dictionary(key, tie('tree')),
      ),
    }));
    const body = fc.oneof(
      fc.string(),
      tree.map((value) => JSON.stringify(value)),
    );

    fc.assert(
      fc.property(names, names, body, (github, kind, text) => {
        const read = readWebhook({ 'x-github-event': github, 'content-type': kind }, text);

        if (read?.kind !== 'changed') return;
        targetsOf(read, [{ name: 'a', repository: 'https://github.com/a/b', branch: 'main', branchPrefix: 't/' }]);
        expect([...read.addresses, ...(read.branches ?? [])].every((one) => typeof one === 'string')).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
