/** The volume of a database that was laid down keeps its size, whichever way a revision comes about. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommitId, DeploymentId, RevisionId } from '../../src/domain/identifiers.ts';
import type { RevisionReport } from '../../src/domain/report.ts';
import { otherImage, type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';

const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00' as CommitId;
const running: Partial<RevisionReport> = { stage: 'healthy', outcome: 'succeeded', reason: 'Healthy', commit };
const sized = (size: number | null, more: object = {}) => ({
  source_config: { resource_spec: { db_storage_gi: size, ...more } },
});

describe.each(databaseKinds)('the size of a volume, on %s', (kind) => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;

  beforeAll(async () => {
    databases = await testDatabases(kind);
    plane = await testControlPlane(await databases.location());
    tenant = await plane.tenant();
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  const patch = (id: DeploymentId, body: object) => tenant.call('PATCH', `/v2/deployments/${id}`, body);
  const sizeOf = async (id: DeploymentId) =>
    (await tenant.call('GET', `/v2/deployments/${id}`)).body.source_config.resource_spec.db_storage_gi;
  const deployed = async (name: string, body: object, report = running) => {
    const made = await tenant.deploy(name);
    const { status } = await patch(made.id, body);
    expect(status).toBe(200);
    const revisionId: RevisionId = (await tenant.call('GET', `/v2/deployments/${made.id}`)).body.latest_revision_id;
    await tenant.report(made.id, revisionId, report);
    return { ...made, revisionId };
  };

  it('refuses another one by both calls, and says what to do instead', async () => {
    const { id } = await deployed('refused', sized(20));

    const answers = [
      await patch(id, sized(40)),
      await tenant.call('POST', `/v2/deployments/${id}/revisions`, sized(5)),
    ];

    for (const { status, body } of answers) {
      expect(status).toBe(422);
      expect(body.detail).toEqual([
        expect.objectContaining({
          loc: ['body', 'source_config', 'resource_spec', 'db_storage_gi'],
          msg: expect.stringMatching(/has 20 Gi.*leave db_storage_gi at 20; to grow the volume.*kubectl patch pvc/),
        }),
      ]);
    }
    expect(await sizeOf(id)).toBe(20);
  });

  it('keeps it where a request does not mention it, and takes the same one', async () => {
    const { id } = await deployed('kept', sized(20));

    expect((await patch(id, sized(null, { cpu: 2 }))).status).toBe(200);
    expect(await sizeOf(id)).toBe(20);
    expect((await patch(id, { source_config: { resource_spec: {} } })).status).toBe(200);
    expect(await sizeOf(id)).toBe(20);
    expect((await patch(id, sized(20))).status).toBe(200);
    expect((await patch(id, { source_revision_config: { image_uri: otherImage } })).status).toBe(200);
  });

  it('knows the default of one that was never said', async () => {
    const { id } = await deployed('default', { source_config: { resource_spec: { cpu: 1 } } });

    expect((await patch(id, sized(11))).status).toBe(422);
    expect((await patch(id, sized(10))).status).toBe(200);
  });

  it('lets an old revision come back with the volume as it is today', async () => {
    const { id, revisionId } = await tenant.deploy('back');
    await tenant.report(id, revisionId, { outcome: 'failed', reason: 'InvalidManifest' });
    await patch(id, sized(30));
    const young = (await tenant.call('GET', `/v2/deployments/${id}`)).body.latest_revision_id;
    await tenant.report(id, young, running);

    const { status } = await tenant.call('POST', `/v2/deployments/${id}/revisions/${revisionId}/redeploy`);

    expect(status).toBeLessThan(300);
    expect(await sizeOf(id)).toBe(30);
  });

  it.each<[string, Partial<RevisionReport>]>([
    ['rendered', { stage: 'rendered', outcome: 'failed' }],
    ['review', { stage: 'in-review', commit }],
    ['unpushed', { stage: 'committed', outcome: 'failed' }],
  ])('lets it change while nothing is laid down (%s)', async (name, report) => {
    const { id } = await deployed(name, sized(20), report);

    expect((await patch(id, sized(40))).status).toBe(200);
  });

  it('is none of ours where the client brought a database', async () => {
    const secrets = [{ name: 'POSTGRES_URI_CUSTOM', value: 'postgres://db.example/agents' }];
    const { id } = await deployed('external', { ...sized(20), secrets });

    expect((await patch(id, sized(40))).status).toBe(200);
  });
});
