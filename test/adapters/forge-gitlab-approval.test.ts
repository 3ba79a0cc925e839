/** Whom and what GitLab waits for: approvals without a commit, pipelines of other commits, and rules of its own. */
import { describe, expect, it } from 'vitest';
import { review, type ServedPull } from '../support/forge-server-pulls.ts';
import { gitlabForgeWorld } from '../support/gitlab-forge-world.ts';

const world = gitlabForgeWorld();

describe('approvals', () => {
  it('asks for a fresh one where a commit came after it', async () => {
    const { number } = await world.opened();
    review(world.repository.pulls[0] as ServedPull, 'jane', 'APPROVED');
    await world.repository.git.seed({ mine: '1' }, { branch: 'towpath/a' });

    expect(await world.approvalOf(number)).toMatchObject({
      kind: 'pending',
      by: [],
      why: 'jane approved an older commit; revoke that approval and approve again',
    });
  });

  it('goes by the notes where GitLab does not tell when somebody approved', async () => {
    world.server.world.isDescribed = false;
    const { number, createdAt } = await world.opened();
    const note = (username: string, at: Date) => ({
      system: true,
      body: 'approved this merge request',
      author: { username },
      created_at: at.toISOString(),
    });
    const approved = { approved_by: [{ user: { username: 'jane' } }, { user: { username: 'joe' } }] };
    const notes = [note('jane', new Date()), note('joe', new Date(createdAt.getTime() - 60_000))];
    world.server.faults.push(
      { on: { path: /approvals$/ }, does: { kind: 'answer', answer: { status: 200, body: approved } } },
      { on: { path: /notes$/ }, does: { kind: 'answer', answer: { status: 200, body: notes } } },
    );

    expect(await world.approvalOf(number)).toEqual({ kind: 'approved', by: ['jane'] });
  });

  it('are not enough before as many are there as the rules demand, of this very commit', async () => {
    world.repository.protection = { approvals: 2, strict: false, checks: [] };
    world.repository.people.set('joe', 'write');
    const pull = await world.opened();
    review(pull, 'joe', 'APPROVED');
    await world.repository.git.seed({ mine: '1' }, { branch: 'towpath/a' });
    await world.forge.read(pull.number);
    review(pull, 'jane', 'APPROVED');
    const one = await world.approvalOf(pull.number);
    review(pull, 'joe', 'APPROVED');

    expect(one).toMatchObject({ kind: 'pending', by: ['jane'], why: expect.stringMatching(/^1 of 2 approvals; joe/) });
    expect(await world.approvalOf(pull.number)).toMatchObject({ kind: 'approved', by: ['joe', 'jane'] });
  });

  it.each([
    ['discussions_not_resolved', { kind: 'pending', why: 'GitLab says discussions_not_resolved' }],
    ['security_policy_violations', { kind: 'pending', why: 'GitLab says security_policy_violations' }],
    ['checking', { kind: 'pending', why: 'GitLab says checking' }],
    ['need_rebase', { kind: 'approved' }],
    ['conflict', { kind: 'approved' }],
  ])('stand behind rules of which only GitLab knows: %s', async (status, expected) => {
    const pull = await world.opened();
    review(pull, 'jane', 'APPROVED');
    const found = await world.forge.read(1);
    await world.spoken((shown) => ({ ...shown, detailed_merge_status: status }));

    expect(found && (await world.forge.approval(found))).toMatchObject({ by: ['jane'], ...expected });
  });

  it('counts nothing while GitLab has not written down the newest commit', async () => {
    const { number } = await world.opened();
    review(world.repository.pulls[0] as ServedPull, 'jane', 'APPROVED');
    world.server.faults.push({
      on: { path: /versions$/ },
      does: { kind: 'answer', answer: { status: 200, body: [] } },
    });

    expect(await world.approvalOf(number)).toMatchObject({ kind: 'pending', by: [] });
  });
});

describe('pipelines', () => {
  const result = 'refs/merge-requests/1/merge';
  const later = () => new Date(Date.now() + 60_000);

  it.each([
    ['of the head that failed without a job', 'towpath/a', 'failed', later, 'refused'],
    ['of the merged result that failed', result, 'failed', later, 'refused'],
    ['of the merged result that runs', result, 'running', later, 'pending'],
    ['of the merged result of an older commit', result, 'success', () => new Date(0), 'pending'],
    ['of the merged result that succeeded', result, 'success', later, 'approved'],
    ['of an older head that failed', 'towpath/b', 'failed', later, 'approved'],
  ])('count as a whole: one %s', async (_name, ref, status, at, kind) => {
    const pull = await world.opened();
    review(pull, 'jane', 'APPROVED');
    const found = await world.forge.read(1);
    const sha = ref === 'towpath/a' ? pull.headCommit : 'e'.repeat(40);
    await world.spoken((shown) => ({
      ...shown,
      head_pipeline: pipeline({ sha, ref, status, created_at: at().toISOString() }),
    }));

    expect(found && (await world.forge.approval(found))).toMatchObject({ kind });
  });

  it('that were started anew count by the newest job of each name', async () => {
    const pull = await world.opened();
    review(pull, 'jane', 'APPROVED');
    const job = (state: 'success' | 'failure') => ({ name: 'test', state });
    world.repository.checks.set(pull.headCommit, [job('failure'), job('success')]);
    const mended = await world.approvalOf(1);
    world.repository.checks.set(pull.headCommit, [job('success'), job('failure')]);

    expect([mended.kind, (await world.approvalOf(1)).kind]).toEqual(['approved', 'refused']);
  });

  function pipeline(told: object) {
    const numbers = { id: 7, iid: 1, project_id: world.repository.id };
    return { ...numbers, source: 'merge_request_event', web_url: 'x', updated_at: new Date().toISOString(), ...told };
  }
});
