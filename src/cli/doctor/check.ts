/** One thing that the doctor has looked at, and how a failure becomes one. */
import { asTowpathError } from '../../domain/failure.ts';
import { messages } from '../failure-text.ts';

/** skipped: it could not be looked at, or need not be. */
export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Check {
  /** What it belongs to: `control plane`, `namespace team-a`. */
  readonly subject: string;
  readonly title: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly message: string;
  /** What to do about it; null where there is nothing to do. */
  readonly mend: string | null;
}

/** Without its subject, which whoever asks for it knows. */
export type Finding = Omit<Check, 'subject'>;

export function ok(title: string, message: string): Finding {
  return { title, verdict: 'ok', message, mend: null };
}

export function warning(title: string, message: string, mend: string): Finding {
  return { title, verdict: 'warning', message, mend };
}

export function failed(title: string, message: string, mend: string): Finding {
  return { title, verdict: 'failed', message, mend };
}

export function skipped(title: string, message: string): Finding {
  return { title, verdict: 'skipped', message, mend: null };
}

export function about(subject: string, findings: readonly Finding[]): readonly Check[] {
  return findings.map((finding) => ({ subject, ...finding }));
}

/** What throws has failed; the error says why, and mostly what to do. */
export async function attempt(
  title: string,
  mend: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const why = asTowpathError(error)?.message ?? messages(error).join('; because: ');
    return [failed(title, why, isLocal(error) ? 'nobody was asked yet: correct that first' : mend)];
  }
}

/** A file or a variable of this machine: advice about the network would lead astray. */
function isLocal(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current.name === 'FileFailure' || ('syscall' in current && 'path' in current)) return true;
    if (
      /^(?:Invalid|Unreadable|Missing)(?:Secret|ApiKey|Authority|Certificate|Credentials|Variable|Key)$/.test(
        reasonOf(current),
      )
    ) {
      return true;
    }
  }
  return false;
}

function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : '';
}
