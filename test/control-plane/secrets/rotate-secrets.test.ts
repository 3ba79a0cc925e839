import { randomBytes } from 'node:crypto';
import { eq, ne } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptionKeyFromText, keyring } from '../../../src/control-plane/secrets/keyring.ts';
import { requireKeys, rotateSecrets } from '../../../src/control-plane/secrets/rotate-secrets.ts';
import { secretBox } from '../../../src/control-plane/secrets/secret-box.ts';
import { openSecretSet, sealSecretSet } from '../../../src/control-plane/secrets/secret-sets.ts';
import { secretSets } from '../../../src/control-plane/store/schema.ts';
import type { DeploymentId } from '../../../src/domain/identifiers.ts';
import { databaseKinds, type TestDatabases, testDatabases } from '../../support/database.ts';
import { addDeployment, addTenant, openTowpathApi, type TowpathApi, testKeyring } from '../../support/towpath-api.ts';

const newKey = () => encryptionKeyFromText(randomBytes(32).toString('hex'), 'the test');

describe.each(databaseKinds)('rotating the encryption key on %s', (kind) => {
  let databases: TestDatabases;
  let api: TowpathApi;
  let deploymentId: DeploymentId;

  beforeEach(async () => {
    databases = await testDatabases(kind);
    api = await openTowpathApi(await databases.location());
    deploymentId = await addDeployment(api, await addTenant(api), 'rotated');
  });
  afterEach(async () => {
    await api?.stop();
    await databases?.stop();
  });

  it('closes everything anew, leaves what is damaged, and has nothing to do the second time', async () => {
    const { database } = api.open;
    const ids = await database.transaction(async (transaction) => {
      const made: string[] = [];
      for (let number = 0; number < 450; number += 1) {
        const values = [{ name: 'TOKEN', value: `value ${number}` }];
        const set = sealSecretSet(api.services.secretBox, deploymentId, values, new Date());
        await transaction.insert(secretSets).values(set);
        made.push(set.id);
      }
      return made;
    });
    const damaged = ids[7] ?? '';
    await database.update(secretSets).set({ sealed: 'v1.AAAA' }).where(eq(secretSets.id, damaged));
    const current = newKey();
    const keys = keyring(current, [testKeyring.current]);

    const first = await rotateSecrets(database, keys);
    const second = await rotateSecrets(database, keys);

    expect(first).toEqual({ rotated: 449, unreadable: [damaged] });
    expect(second).toEqual({ rotated: 0, unreadable: [damaged] });
    const [last] = await database
      .select()
      .from(secretSets)
      .where(eq(secretSets.id, ids[449] ?? ''));
    expect(last && openSecretSet(secretBox(keyring(current)), last)).toEqual([{ name: 'TOKEN', value: 'value 449' }]);
    expect(await database.select().from(secretSets).where(ne(secretSets.keyId, current.id))).toHaveLength(1);
  });

  it('refuses to start where a key is missing, and names it', async () => {
    const values = [{ name: 'TOKEN', value: 'x' }];
    const set = sealSecretSet(api.services.secretBox, deploymentId, values, new Date());
    await api.open.database.insert(secretSets).values(set);

    await expect(requireKeys(api.open.database, keyring(newKey()))).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'MissingEncryptionKey',
      message: expect.stringContaining(testKeyring.current.id),
    });
  });
});
