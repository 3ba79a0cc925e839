/** What the doctor says of the certificate or the recipients that secrets are sealed for. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect, it } from 'vitest';
import { checkSealing } from '../../src/cli/doctor/secret-checks.ts';
import { Secrets } from '../../src/domain/configuration-secrets.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { temporaryFolder } from '../support/temp.ts';

const now = new Date('2027-03-01T00:00:00Z');

it.each([
  ['ok', '2027-06-01T00:00:00Z', 'is good until 2027-06-01'],
  ['warning', '2027-03-20T00:00:00Z', 'is good for 19 more days, until 2027-03-20'],
  ['failed', '2027-02-01T00:00:00Z', 'it is expired since'],
] as const)('a certificate: %s', async (verdict, until, words) => {
  const certificateFile = join(await temporaryFolder(), 'certificate.pem');
  const pair = sealingPair({ validFrom: new Date('2027-01-01T00:00:00Z'), validUntil: new Date(until) });
  await writeFile(certificateFile, pair.certificate);

  const [finding] = await checkSealing({ secrets: Secrets.parse({ mode: 'sealed-secrets', certificateFile }) }, now);

  expect(finding).toMatchObject({ verdict, message: expect.stringContaining(words) });
  if (verdict !== 'ok') expect(finding?.mend).toContain('kubeseal --fetch-cert');
});

it('recipients that can be read, and some that cannot', async () => {
  const folder = await temporaryFolder();
  const recipient = await identityToRecipient(await generateX25519Identity());
  await writeFile(join(folder, 'good.txt'), `${recipient}\n`);
  const ask = (recipientsFile: string) =>
    checkSealing({ secrets: Secrets.parse({ mode: 'sops', recipientsFile: join(folder, recipientsFile) }) }, now);

  expect(await ask('good.txt')).toMatchObject([{ verdict: 'ok', message: '1 may open what is encrypted' }]);
  expect(await ask('none.txt')).toMatchObject([
    { verdict: 'failed', message: expect.stringContaining('there is no such file') },
  ]);
});
