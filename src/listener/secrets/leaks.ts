/** The last door: what is about to leave is looked at once more, and a secret in it stops that deployment. */

import { describeFindings } from '../../core/report.ts';
import { findPlainSecrets } from '../../core/secrets/plain-secret-check.ts';
import { findPlantedSecrets } from '../../core/secrets/planted-secrets.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { DeploymentName } from '../../domain/identifiers.ts';

interface Leaving {
  readonly deployment: DeploymentName;
  /** By path. */
  readonly files: ReadonlyMap<string, string>;
  /** A commit's message, title and body of a pull request: by what people call them. */
  readonly texts: ReadonlyMap<string, string>;
  /** Values by name, without those that stand everywhere by chance: `Prepared.sensitive`. */
  readonly sensitive: Readonly<Record<string, string>>;
}

/** Throws terminal `PlainSecret` or `PlantedSecret`, which names places and never a value. */
export function refuseLeaks({ deployment, files, texts, sensitive }: Leaving): void {
  const plain = findPlainSecrets(files);
  if (plain.length > 0) {
    throw new TowpathError('terminal', 'PlainSecret', describeFindings(`publish deployment ${deployment}`, plain));
  }
  const planted = [...findPlantedSecrets(files, sensitive), ...findPlantedSecrets(texts, withoutWords(sensitive))];
  if (planted.length > 0) {
    throw new TowpathError('terminal', 'PlantedSecret', describeFindings(`publish deployment ${deployment}`, planted));
  }
}

/** `Workspace` or `requested` stands in every message, and which words do is up to whoever writes its template. */
function withoutWords(values: Leaving['sensitive']): Leaving['sensitive'] {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !/^[A-Za-z-]{1,16}$/.test(value)));
}
