/** How a namespace seals its secrets: whether the certificate is good, and for how long; whether recipients can be read. */
import { readSealingCertificate } from '../../adapters/secret-sealer/certificate.ts';
import { readAgeRecipients } from '../../adapters/secret-sealer/sops.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { attempt, type Finding, ok, warning } from './check.ts';

const dayMs = 86_400_000;
const soonDays = 30;

/** Nothing is said of mode `cluster`, which seals nothing. */
export async function checkSealing({ secrets }: Pick<Namespace, 'secrets'>, now: Date): Promise<readonly Finding[]> {
  switch (secrets.mode) {
    case 'sealed-secrets':
      return attempt('certificate', mendCertificate(secrets.certificateFile), async () => {
        const { validUntil } = await readSealingCertificate(secrets.certificateFile, now);
        const days = Math.floor((validUntil.getTime() - now.getTime()) / dayMs);
        const until = validUntil.toISOString().slice(0, 10);
        if (days >= soonDays) return [ok('certificate', `is good until ${until}`)];
        const message = `is good for ${days} more days, until ${until}`;
        return [warning('certificate', message, mendCertificate(secrets.certificateFile))];
      });
    case 'sops':
      return attempt('age recipients', 'name age public keys, one a line', async () => {
        const recipients = await readAgeRecipients({ ...secrets, recipientsFile: secrets.recipientsFile });
        return [ok('age recipients', `${recipients.length} may open what is encrypted`)];
      });
    case 'external-secrets':
    case 'cluster':
      return [];
    default:
      return secrets satisfies never;
  }
}

function mendCertificate(file: string): string {
  return `fetch the newest: kubeseal --fetch-cert > ${file}`;
}
