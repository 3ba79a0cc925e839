/** Whose commits the engines take: the real Argo CD and the real Flux verify what Towpath signs, and refuse what it did not. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Check } from '../../src/cli/doctor/check.ts';
import { runTowpath } from '../support/command-line.ts';
import type { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { makeGpgHome, makeSshKey, writeKey } from '../support/signing-keys.ts';
import { programControl } from './harness/control.ts';
import { administrator, eventually, uniqueName } from './harness/fixtures.ts';
import { type EngineName, openSite, type Site, startPlane } from './support/site.ts';

const control = programControl(inject('cluster'));
const committer = { name: 'Towpath', email: 'towpath@example.com' };
/** Who reads the branch for each engine: while it stands still, commits can gather. */
const readers: Readonly<Record<EngineName, string>> = {
  'argo-cd': 'argocd-application-controller',
  flux: 'source-controller',
};
let plane: ControlPlaneProcess;

beforeAll(async () => {
  plane = await startPlane();
});
afterEach(async () => {
  for (const program of Object.values(readers)) await control.start(program);
});

describe.each([
  ['argo-cd', 'gpg', /Failed verifying revision [0-9a-f]+ by .*Ada/],
  ['flux', 'gpg', /signature verification of commit .* failed/],
  ['flux', 'ssh', /signature verification of commit .* failed/],
] as const)('%s, with a key of kind %s', (engine, kind, refusal) => {
  let site: Site;

  beforeAll(async () => {
    const keyFile = await (kind === 'ssh' ? makeSshKey('-t ed25519').then(({ path }) => path) : knownGpgKey(engine));
    const root = { git: { committer, signing: { kind, keyFile } } };
    site = await openSite({ engine, plane, root, bootstrap: ['--verify-signatures'] });
  });

  it('takes our commits, and refuses a person’s unsigned one until ours lies on top of it', async () => {
    const id = await site.create(uniqueName('signed'), '1.0.0');
    await site.reaches(id, 'DEPLOYED');

    await control.stop(readers[engine]);
    await site.update(id, '1.1.0');
    const { towpath } = await eventually('the second commit', async () => {
      const latest = await site.latest(id);
      return latest.towpath.commit !== null && latest.towpath.stage === 'committed' && latest;
    });
    await site.repository.seed({ 'components/mine/kustomization.yaml': 'kind: Component\n' });
    await control.start(readers[engine]);
    const refused = await eventually('the report of the refusal', async () => {
      const latest = await site.latest(id);
      return refusal.test(latest.status_message) && latest;
    });

    expect(refused.status).not.toBe('DEPLOYED');
    expect(refused.towpath.commit).toBe(towpath.commit);
    expect(await imagesOf(site)).toEqual([expect.stringMatching(/:1\.0\.0$/)]);

    await site.update(id, '1.2.0');
    await site.reaches(id, 'DEPLOYED');
    expect(await imagesOf(site)).toEqual([expect.stringMatching(/:1\.2\.0$/)]);
  });

  it('is found well by the doctor, by the keys that the engine really has', async () => {
    const { stdout } = await runTowpath(['doctor', '--config', site.configuration, '--json']);
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };

    const ofSignatures = checks.filter(({ title, subject }) => title === 'signatures' || subject === 'signing');
    expect(ofSignatures).toMatchObject([
      { subject: 'signing', verdict: 'ok' },
      { title: 'signatures', verdict: 'ok', message: expect.stringContaining('verifies commits, and takes key') },
    ]);
  });
});

/** A key that signs, whose public part Argo CD has as `argocd gpg add` would give it. */
async function knownGpgKey(engine: EngineName): Promise<string> {
  const home = await makeGpgHome();
  const fingerprint = await home.make('Towpath <towpath@example.com>', 'ed25519', 'sign');
  if (engine === 'argo-cd') {
    const id = fingerprint.slice(-16);
    const publicKey = await home.gpg('--armor', '--export', fingerprint);
    const { namespace, keyFolder } = inject('cluster').argoCd;
    const metadata = { name: 'argocd-gpg-keys-cm', namespace };
    await administrator().apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [id]: publicKey } });
    // Whole at once, as a volume changes: Argo CD reads the file when its name appears.
    if (keyFolder !== '') {
      await writeFile(join(keyFolder, '.new'), publicKey);
      await rename(join(keyFolder, '.new'), join(keyFolder, id));
    }
  }
  return writeKey(await home.exportSecret(fingerprint));
}

async function imagesOf({ namespace }: Site): Promise<readonly string[]> {
  const all = await administrator().list<{
    metadata: { labels?: Record<string, string> };
    spec: { template: { spec: { containers: { image: string }[] } } };
  }>('apps/v1', 'Deployment', { namespace });
  return all
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'api')
    .flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image));
}
