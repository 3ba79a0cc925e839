/** Which of a listener's Secrets in the cluster nothing needs any more. */
import type { LiveSecret } from '../../domain/live-object.ts';

interface SecretUse {
  readonly secrets: readonly LiveSecret[];
  /** Names that live workloads and pods refer to. */
  readonly referred: ReadonlySet<string>;
  /** Names that the branch refers to. */
  readonly keep: ReadonlySet<string>;
  readonly now: Date;
  /** A Secret is made before the commit that needs it, so a young one is never unused. */
  readonly graceMs: number;
}

export function unusedSecrets({ secrets, referred, keep, now, graceMs }: SecretUse): string[] {
  const born = now.getTime() - graceMs;
  return secrets
    .filter(({ name, createdAt }) => !referred.has(name) && !keep.has(name) && createdAt.getTime() <= born)
    .map(({ name }) => name)
    .sort();
}
