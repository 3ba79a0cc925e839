/** What a request does not say is neither judged nor opened: old secrets stay, unreadable ones hold up nothing else. */
import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/control-plane/access/keys.ts';
import { encryptionKeyFromText, keyring } from '../../src/control-plane/secrets/keyring.ts';
import { secretBox } from '../../src/control-plane/secrets/secret-box.ts';
import { sealSecretSet } from '../../src/control-plane/secrets/secret-sets.ts';
import { revisions, secretSets } from '../../src/control-plane/store/schema.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import { image, otherImage, type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../support/database.ts';

describe.each(databaseKinds)('what was stored before, on %s', (kind) => {
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

  const patch = (id: DeploymentId, body: unknown) => tenant.call('PATCH', `/v2/deployments/${id}`, body);
  const read = (id: DeploymentId) => tenant.call('GET', `/v2/deployments/${id}`);
  const withImage = (image_uri: string) => ({ source_revision_config: { image_uri } });

  /** As an older version took it: with a name that is reserved today. */
  async function withOldSecrets(name: string): Promise<DeploymentId> {
    const { id, revisionId } = await tenant.deploy(name);
    const { database } = plane.services;
    const values = [
      { name: 'TOKEN', value: 'old' },
      { name: 'LOG_JSON', value: 'true' },
    ];
    const set = sealSecretSet(plane.services.secretBox, id, values, new Date());
    const references = [{ name: 'REDIS_URI', secret_name: 'redis', secret_key: 'uri' }];
    const resourceSpec = { cpu: 4, cpu_limit: 2 };
    await database.insert(secretSets).values(set);
    await database
      .update(revisions)
      .set({ secretSetId: set.id, secretReferences: references, resourceSpec })
      .where(eq(revisions.id, revisionId));
    return id;
  }

  it('is not judged by a change of the image, which warns of it', async () => {
    const id = await withOldSecrets('image-only');

    const { status, body } = await patch(id, withImage(otherImage));

    expect(status).toBe(200);
    const kept = 'Kept from the revision before, and refused where it is given anew: ';
    const warnings = [
      `${kept}'LOG_JSON' is reserved`,
      `${kept}'REDIS_URI' is reserved`,
      `${kept}resource_spec: cpu_limit is 2, less than cpu, which is 4`,
    ];
    expect(body.warnings).toEqual(warnings);
    expect(body.secrets.map(({ name }: { name: string }) => name)).toEqual(['TOKEN', 'LOG_JSON']);
    const log = await tenant.call('POST', `/v1/projects/${id}/deploy_logs`, { level: 'WARNING' });
    expect(log.body.logs.map(({ message }: { message: string }) => message)).toEqual(warnings);
    const revision = await tenant.call('POST', `/v2/deployments/${id}/revisions`, withImage(image));
    expect([revision.status, revision.body.warnings]).toEqual([201, warnings]);
  });

  it('is judged as soon as the request gives it', async () => {
    const id = await withOldSecrets('given-anew');
    const reserved = [{ name: 'LOG_JSON', value: 'true' }];

    expect(await patch(id, { secrets: reserved })).toEqual({
      status: 400,
      body: { detail: "'LOG_JSON' is reserved" },
    });
    expect((await patch(id, { source_config: { resource_spec: { cpu: 4, cpu_limit: 2 } } })).status).toBe(422);
    const references = [{ name: 'REDIS_URI', secret_name: 'redis', secret_key: 'uri' }];
    expect((await patch(id, { secret_references: references })).body.detail).toBe("'REDIS_URI' is reserved");
    const good = await patch(id, { secrets: [{ name: 'TOKEN', value: 'new' }] });
    expect([good.status, good.body.secrets]).toEqual([200, [{ name: 'TOKEN', value: 'new' }]]);
    expect(good.body.warnings).toHaveLength(2);
    const collision = await patch(id, { secrets: [{ name: 'REDIS_URI', value: 'x' }] });
    expect(collision.status).toBe(400);
    expect(collision.body.detail).toContain("'REDIS_URI' is both in secrets and in secret_references");
  });

  it('opens no secret for a list, and changes nothing where a list is sent back', async () => {
    const { id } = await tenant.deploy('listed', { secrets: [{ name: 'TOKEN', value: 'planted' }] });

    const list = await tenant.call('GET', '/v2/deployments?name=listed');

    expect(list.body.resources[0].secrets).toEqual([]);
    expect(JSON.stringify(list.body)).not.toContain('planted');
    const { secrets, secret_references } = list.body.resources[0];
    expect((await patch(id, { secrets, secret_references, ...withImage(otherImage) })).status).toBe(200);
    expect((await read(id)).body.secrets).toEqual([{ name: 'TOKEN', value: 'planted' }]);
  });

  it.each([
    ['damaged', async () => ({ sealed: 'v1.AAAA' }), 422],
    [
      'closed by a key that this process lacks',
      async () => {
        const other = secretBox(keyring(encryptionKeyFromText(randomBytes(32).toString('hex'), 'the test')));
        return other.seal('[]', 'elsewhere');
      },
      503,
    ],
  ])('shows secrets that are %s as unreadable, and lets all else go on', async (word, broken, listenersAnswer) => {
    const name = word === 'damaged' ? 'damaged' : 'keyless';
    const { id, revisionId } = await tenant.deploy(name, { secrets: [{ name: 'TOKEN', value: 'gone' }] });
    const other = await tenant.deploy(`beside-${name}`, { secrets: [{ name: 'TOKEN', value: 'fine' }] });
    await plane.services.database
      .update(secretSets)
      .set(await broken())
      .where(eq(secretSets.deploymentId, id));

    const list = await tenant.call('GET', '/v2/deployments?limit=100');
    const one = await read(id);

    expect(list.status).toBe(200);
    expect(one).toMatchObject({ status: 200, body: { secrets: [] } });
    expect(one.body.secrets_problem).toMatch(/^Cannot read a stored secret: .*give all its secrets anew/);
    expect((await read(other.id)).body.secrets).toEqual([{ name: 'TOKEN', value: 'fine' }]);
    const { key } = await createKey(plane.services, null, {
      ...{ kind: 'listener', workspaceId: tenant.workspaceId, listenerId: tenant.listenerId },
      ...{ name: 'dev', email: 'dev@example.com' },
    });
    const path = `/towpath/v1/deployments/${id}/revisions/${revisionId}`;
    const values = await tenant.call('GET', `${path}/secrets`, undefined, { 'x-api-key': key });
    expect([values.status, values.body.detail]).toEqual([listenersAnswer, expect.stringContaining('Cannot read')]);
    expect((await tenant.call('GET', `${path}/spec`)).body.secretNames).toEqual(['TOKEN']);

    expect((await patch(id, withImage(otherImage))).status).toBe(200);
    const replaced = await patch(id, { secrets: [{ name: 'TOKEN', value: 'anew' }] });
    expect(replaced).toMatchObject({ status: 200, body: { secrets: [{ name: 'TOKEN', value: 'anew' }] } });
    expect(replaced.body.secrets_problem).toBeUndefined();
  });
});
