/** What makes a revision, what becomes of the older ones, and how far each of them is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommitId } from '../../src/domain/identifiers.ts';
import { image, otherImage, type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';

const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00' as CommitId;

describe.each(databaseKinds)('revisions on %s', (kind) => {
  let databases: TestDatabases;
  let plane: TestControlPlane;

  beforeAll(async () => {
    databases = await testDatabases(kind);
    plane = await testControlPlane(await databases.location());
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  const statuses = async (tenant: Tenant, id: string): Promise<string[]> => {
    const { body } = await tenant.call('GET', `/v2/deployments/${id}/revisions`);
    return body.resources.map((one: { status: string }) => one.status);
  };

  it('makes a revision of exactly those changes that belong to one, and announces it once', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat');
    const cases: [Record<string, unknown>, boolean][] = [
      [{}, false],
      [{ display_name: 'Chat' }, false],
      [{ source_config: { custom_url: 'https://chat.example.com' } }, false],
      [{ source_config: { build_on_push: false } }, false],
      [{ secrets: [] }, false],
      [{ secrets: null, secret_references: null, source_revision_config: { image_uri: null } }, false],
      [{ tracked_packages: ['langgraph'], something_new: { a: 1 } }, false],
      [{ source_revision_config: { image_uri: image } }, true],
      [{ source_revision_config: { repo_ref: 'main' } }, true],
      [{ source_revision_config: { langgraph_config_path: 'langgraph.json' } }, true],
      [{ source_revision_config: { source_tarball_path: 'x.tgz' } }, true],
      [{ source_config: { install_command: 'uv sync' } }, true],
      [{ source_config: { build_command: 'make' } }, true],
      [{ source_config: { resource_spec: {} } }, true],
      [{ secrets: [{ name: 'A', value: '1' }] }, true],
      [{ secret_references: [] }, true],
      [{ secret_references: [{ name: 'B', secret_name: 'b', secret_key: 'key' }] }, true],
    ];

    for (const [body, expected] of cases) {
      const before = (await statuses(tenant, id)).length;
      const version = await tenant.listenerVersion();
      const answer = await tenant.call('PATCH', `/v2/deployments/${id}`, body);
      expect(answer.status, JSON.stringify([body, answer.body])).toBe(200);
      expect((await statuses(tenant, id)).length - before, JSON.stringify(body)).toBe(expected ? 1 : 0);
      expect((await tenant.listenerVersion()) - version, JSON.stringify(body)).toBe(expected ? 1 : 0);
    }
    const { body } = await tenant.call('GET', `/v2/deployments/${id}`);
    expect(body).toMatchObject({
      display_name: 'Chat',
      source_config: { custom_url: 'https://chat.example.com', install_command: 'uv sync', build_command: 'make' },
      source_revision_config: { repo_ref: 'main', langgraph_config_path: 'langgraph.json', image_uri: image },
      secrets: [{ name: 'A', value: '1' }],
      secret_references: [{ name: 'B', secret_name: 'b', secret_key: 'key' }],
    });
  });

  it('replaces secrets as a whole, keeps them for [], and clears references for []', async () => {
    const tenant = await plane.tenant();
    const reference = { name: 'REF', secret_name: 'store', secret_key: 'key' };
    const { id } = await tenant.deploy('chat', {
      secrets: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
      secret_references: [reference],
    });
    const read = async () => (await tenant.call('GET', `/v2/deployments/${id}`)).body;

    await tenant.call('PATCH', `/v2/deployments/${id}`, { secrets: [], source_revision_config: { image_uri: image } });
    expect((await read()).secrets).toHaveLength(2);
    await tenant.call('PATCH', `/v2/deployments/${id}`, { secrets: [{ name: 'B', value: '3' }] });
    expect(await read()).toMatchObject({ secrets: [{ name: 'B', value: '3' }], secret_references: [reference] });
    await tenant.call('PATCH', `/v2/deployments/${id}`, { secret_references: [] });
    expect(await read()).toMatchObject({ secrets: [{ name: 'B', value: '3' }], secret_references: [] });
  });

  it('overwrites the whole resource_spec', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat');
    const change = (resource_spec: unknown) =>
      tenant.call('PATCH', `/v2/deployments/${id}`, { source_config: { resource_spec } });

    await change({ cpu: 2, labels: { team: 'a' } });
    const { body } = await change({ memory_mb: 512 });

    expect(body.source_config.resource_spec).toEqual({ memory_mb: 512 });
  });

  it('always makes a revision when one is posted', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat', { secrets: [{ name: 'A', value: '1' }] });

    const { status, body } = await tenant.call('POST', `/v2/deployments/${id}/revisions`, {});

    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'QUEUED',
      source_revision_config: { image_uri: image },
      towpath: { number: 2 },
    });
    expect((await tenant.call('GET', `/v2/deployments/${id}`)).body.secrets).toEqual([{ name: 'A', value: '1' }]);
  });

  it('skips what a newer revision overtakes, and nothing that has finished', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId: first } = await tenant.deploy('chat');
    const next = async () => (await tenant.call('POST', `/v2/deployments/${id}/revisions`, {})).body.id;
    await tenant.report(id, first, { stage: 'committed', outcome: 'succeeded', commit });
    const second = await next();
    await tenant.report(id, second, { stage: 'committed', outcome: 'failed', reason: 'PushDenied' });
    const third = await next();
    await tenant.report(id, third, { stage: 'committed', commit });
    await next();
    await next();

    expect(await statuses(tenant, id)).toEqual(['QUEUED', 'SKIPPED', 'SKIPPED', 'DEPLOY_FAILED', 'DEPLOYED']);
    const { body } = await tenant.call('GET', `/v2/deployments/${id}/revisions/${third}`);
    expect(body.towpath).toMatchObject({ commit, reason: 'Superseded' });
    expect(body.status_message).toContain('Superseded by revision 4');
  });

  it('follows the reports of the listener, stage by stage', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat');
    const status = async () => (await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`)).body.status;
    const version = await tenant.listenerVersion();

    const seen = [await status()];
    for (const stage of ['queued', 'rendered', 'in-review', 'committed', 'synced'] as const) {
      await tenant.report(id, revisionId, { stage, reason: stage });
      seen.push(await status());
    }
    await tenant.report(id, revisionId, { stage: 'healthy', outcome: 'succeeded', url: 'https://agents.example/chat' });

    expect(seen).toEqual(['QUEUED', 'AWAITING_DEPLOY', 'AWAITING_DEPLOY', 'AWAITING_DEPLOY', 'DEPLOYING', 'DEPLOYING']);
    expect((await tenant.call('GET', `/v2/deployments/${id}`)).body).toMatchObject({
      status: 'READY',
      active_revision_id: revisionId,
      url: 'https://agents.example/chat',
      source_config: { custom_url: 'https://agents.example/chat' },
    });
    const echoed = { source_config: { custom_url: 'https://agents.example/chat' } };
    await tenant.call('PATCH', `/v2/deployments/${id}`, echoed);
    await tenant.report(id, revisionId, {
      stage: 'healthy',
      outcome: 'succeeded',
      reason: 'Moved',
      url: 'https://new.example',
    });
    expect((await tenant.call('GET', `/v2/deployments/${id}`)).body.url).toBe('https://new.example');
    expect(await status()).toBe('DEPLOYED');
    expect(await tenant.listenerVersion()).toBe(version);
  });

  it('keeps what was deployed DEPLOYED when it falls ill, and says so until it is well again', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat');
    const seen = async (outcome: 'succeeded' | 'progressing', message: string) => {
      await tenant.report(id, revisionId, { stage: 'healthy', outcome, message });
      const { body } = await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`);
      return [body.status, body.status_message, body.towpath.outcome];
    };

    const words = [
      await seen('succeeded', 'All pods are ready'),
      await seen('progressing', 'Pod chat-1 crashes'),
      await seen('succeeded', 'All pods are ready again'),
    ];

    expect(words).toEqual([
      ['DEPLOYED', 'All pods are ready', 'succeeded'],
      ['DEPLOYED', 'Pod chat-1 crashes', 'progressing'],
      ['DEPLOYED', 'All pods are ready again', 'succeeded'],
    ]);
  });

  it('says that a failed one is in review after all, once what kept it from there is mended', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat');
    const told = async (words: Parameters<Tenant['report']>[2]) => {
      await tenant.report(id, revisionId, words);
      const { body } = await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`);
      return [body.status, body.towpath.stage, body.towpath.reason, body.status_message];
    };

    const refused = {
      stage: 'committed',
      outcome: 'failed',
      reason: 'ForgeUnauthorized',
      message: 'renew it',
    } as const;
    const words = [
      await told(refused),
      await told({ stage: 'rendered', reason: 'Rendered', message: 'Rendered 5 files' }),
      await told({ stage: 'in-review', reason: 'InReview', message: 'Pull request #1 waits' }),
      await told({ stage: 'committed', outcome: 'succeeded', reason: 'Pushed', message: 'Pushed' }),
    ];

    expect(words).toEqual([
      ['DEPLOY_FAILED', 'committed', 'ForgeUnauthorized', 'renew it'],
      ['AWAITING_DEPLOY', 'rendered', 'Rendered', 'Rendered 5 files'],
      ['AWAITING_DEPLOY', 'in-review', 'InReview', 'Pull request #1 waits'],
      ['DEPLOYED', 'committed', 'Pushed', 'Pushed'],
    ]);
  });

  it('lets the last report have the word, whatever was said before', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat');
    const reported = async (...args: Parameters<Tenant['report']>) => {
      await tenant.report(...args);
      return (await tenant.call('GET', `/v2/deployments/${id}/revisions/${revisionId}`)).body;
    };

    expect(await reported(id, revisionId, { stage: 'synced', commit })).toMatchObject({ status: 'DEPLOYING' });
    expect(await reported(id, revisionId, { stage: 'rendered' })).toMatchObject({
      status: 'AWAITING_DEPLOY',
      towpath: { commit },
    });
    expect(await reported(id, revisionId, { stage: 'healthy', outcome: 'failed', reason: 'CrashLoop' })).toMatchObject({
      status: 'DEPLOY_FAILED',
      towpath: { reason: 'CrashLoop' },
    });
    expect(await reported(id, revisionId, { stage: 'synced' })).toMatchObject({ status: 'DEPLOYING' });
    expect((await tenant.call('GET', `/v2/deployments/${id}`)).body.active_revision_id).toBeNull();
    expect(await reported(id, revisionId, { stage: 'healthy', outcome: 'succeeded' })).toMatchObject({
      status: 'DEPLOYED',
    });
    expect(await reported(id, revisionId, { stage: 'healthy', reason: 'Unready' })).toMatchObject({
      status: 'DEPLOYED',
      towpath: { reason: 'Unready' },
    });
    const reverted = { outcome: 'failed', reason: 'EditedInGit', message: 'reverted by Bob in 1234' } as const;
    expect(await reported(id, revisionId, { stage: 'committed', ...reverted })).toMatchObject({
      status: 'DEPLOY_FAILED',
      status_message: 'reverted by Bob in 1234',
    });
  });

  it('moves the active revision on success only, and never back to an older one', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId: first } = await tenant.deploy('chat');
    const active = async () => (await tenant.call('GET', `/v2/deployments/${id}`)).body.active_revision_id;
    const succeed = (revision: typeof first) => tenant.report(id, revision, { stage: 'healthy', outcome: 'succeeded' });
    await tenant.report(id, first, { stage: 'healthy', outcome: 'failed' });
    const second = (await tenant.call('POST', `/v2/deployments/${id}/revisions`, {})).body.id;

    expect(await active()).toBeNull();
    await succeed(second);
    expect(await active()).toBe(second);
    await succeed(first);
    expect(await active()).toBe(second);
  });

  it('interrupts what is on its way, tells the listener, and refuses what has finished', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat');
    await tenant.report(id, revisionId, { stage: 'committed', commit });
    const version = await tenant.listenerVersion();

    const first = await tenant.call('POST', `/v1/projects/${id}/revisions/${revisionId}/interrupt`);
    const second = await tenant.call('POST', `/v1/projects/${id}/revisions/${revisionId}/interrupt`);

    expect(first).toMatchObject({ status: 200, body: { status: 'INTERRUPTED', towpath: { commit } } });
    expect(first.body.status_message).toContain('what is committed stays');
    expect(second).toMatchObject({ status: 400, body: { detail: expect.stringContaining('INTERRUPTED') } });
    expect(await tenant.listenerVersion()).toBe(version + 1);
    await tenant.report(id, revisionId, { stage: 'healthy', outcome: 'succeeded' });
    expect(await statuses(tenant, id)).toEqual(['DEPLOYED']);
  });

  it('deploys a finished revision again, secrets included, and refuses one that is on its way', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId } = await tenant.deploy('chat', { secrets: [{ name: 'A', value: 'old' }] });
    const redeploy = (revision: string) => tenant.call('POST', `/v2/deployments/${id}/revisions/${revision}/redeploy`);

    const early = await redeploy(revisionId);
    await tenant.report(id, revisionId, { stage: 'committed', outcome: 'succeeded', commit });
    const body = { secrets: [{ name: 'A', value: 'new' }], source_revision_config: { image_uri: otherImage } };
    await tenant.call('PATCH', `/v2/deployments/${id}`, body);
    const rolledBack = await redeploy(revisionId);

    expect(early).toMatchObject({ status: 400, body: { detail: expect.stringContaining('it is still QUEUED') } });
    expect(rolledBack).toMatchObject({
      status: 200,
      body: { source_revision_config: { image_uri: image }, secrets: [{ name: 'A', value: 'old' }] },
    });
    expect(rolledBack.body.latest_revision_id).not.toBe(revisionId);
    expect(await statuses(tenant, id)).toEqual(['QUEUED', 'SKIPPED', 'DEPLOYED']);
    expect((await redeploy(id)).status).toBe(404);
  });

  it('names revisions by number and short id everywhere, and says what a rollback goes back to', async () => {
    const tenant = await plane.tenant();
    const { id, revisionId: first } = await tenant.deploy('chat');
    const done = { stage: 'committed', outcome: 'succeeded', commit } as const;
    await tenant.report(id, first, done);
    const redeploy = async (revision: string): Promise<string> => {
      const { body } = await tenant.call('POST', `/v2/deployments/${id}/revisions/${revision}/redeploy`);
      await tenant.report(id, body.latest_revision_id, done);
      return body.latest_revision_id;
    };
    const short = (revision: string): string => revision.slice(0, 8);
    const again = await redeploy(first);
    const back = await redeploy(first);

    const { body: log } = await tenant.call('POST', `/v1/projects/${id}/deploy_logs`, {});
    const messages = JSON.stringify(log);
    expect(messages).toContain(`Revision 2 (${short(again)}) redeployed from revision 1 (${short(first)}) by`);
    expect(messages).toContain(`Revision 3 (${short(back)}) created as a rollback to revision 1 (${short(first)}) by`);
  });

  it('gives every revision its own number when many are asked for at once', async () => {
    const tenant = await plane.tenant();
    const { id } = await tenant.deploy('chat');

    const answers = await Promise.all(
      Array.from({ length: 12 }, () => tenant.call('POST', `/v2/deployments/${id}/revisions`, {})),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 201));
    const { body } = await tenant.call('GET', `/v2/deployments/${id}/revisions?limit=100`);
    expect(body.resources.map((one: { towpath: { number: number } }) => one.towpath.number)).toEqual(
      Array.from({ length: 13 }, (_, at) => 13 - at),
    );
    expect(body.resources.filter((one: { status: string }) => one.status === 'QUEUED')).toHaveLength(1);
    expect(await tenant.listenerVersion()).toBe(13);
  });
});
