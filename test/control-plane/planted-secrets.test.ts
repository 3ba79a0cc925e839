import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { patchDeployment } from '../../src/control-plane/orchestration/change-deployment.ts';
import { readDesiredPage } from '../../src/control-plane/store/desired-page.ts';
import { emptyDatabase } from '../support/database.ts';
import { addDeployment, addTenant, openTowpathApi, testKeyring } from '../support/towpath-api.ts';

it('writes no secret value and no key to the disk or the log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-planted-'));
  await emptyDatabase(folder);
  const api = await openTowpathApi({ dataFolder: folder });
  const tenant = await addTenant(api);
  const planted = ['planted-secret-value-0123456789', 'planted-secret-value-9876543210'] as const;
  const id = await addDeployment(api, tenant, 'visible-name', { TOKEN: planted[0] });
  await patchDeployment(api.services, tenant.principal, id, { secrets: [{ name: 'TOKEN', value: planted[1] }] });
  const page = await readDesiredPage(api.open.database, tenant.listenerId, null);
  const item = page?.items[0];
  if (item?.kind !== 'present') throw new Error('not present');
  const path = `/towpath/v1/deployments/${id}/revisions/${item.revisionId}/secrets`;
  const read = await api.call(tenant.listenerKey, 'GET', path);
  // Something that fails with the values in hand: the name is taken.
  await expect(addDeployment(api, tenant, 'visible-name', { TOKEN: planted[0] })).rejects.toThrow(/already exists/);
  await api.stop();
  // And something that fails for a reason of ours, which is logged with its cause.
  expect((await api.call(tenant.listenerKey, 'GET', path)).status).toBe(503);

  const files = filesUnder(folder);
  const holding = (text: string) => files.filter((file) => readFileSync(file).includes(text));
  const keyBytes = testKeyring.current.key.export();

  expect(read.body.values).toEqual({ TOKEN: planted[1] });
  expect(holding('visible-name')).not.toEqual([]);
  for (const secret of [...planted, tenant.workspaceKey, tenant.listenerKey, keyBytes.toString('hex')]) {
    expect(holding(secret)).toEqual([]);
    expect(holding(Buffer.from(secret).toString('base64').slice(0, 24))).toEqual([]);
    expect(api.logged()).not.toContain(secret);
  }
  expect(files.filter((file) => readFileSync(file).includes(keyBytes))).toEqual([]);
  expect(api.logged()).toContain('Could not answer a request');
  rmSync(folder, { recursive: true, force: true });
});

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());
}
