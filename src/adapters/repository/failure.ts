/** Failures of the git engine as people and lanes need them: classed, and with what to do next. */
import { askedWaitMs } from '../../core/asked-wait.ts';
import { TowpathError } from '../../domain/failure.ts';
import { failureOf, type GitFailure } from '../../git/failure.ts';
import { PackError } from '../../git/pack-reader.ts';
import { plainText, RemoteError } from '../../git/sideband.ts';
import { TransportError, type TransportFailure } from '../../git/transport.ts';

/** `doing` reads "fetch https://…": what could not be done, and to which repository. */
export function gitError(doing: string, error: unknown): TowpathError {
  if (error instanceof TowpathError) return error;
  if (error instanceof TransportError) {
    const retryAfterMs = error.askedWait && askedWaitMs(error.askedWait, Date.now());
    const wait = typeof retryAfterMs === 'number' ? { retryAfterMs } : {};
    return failed(classOfTransport[error.failure], doing, error.message, { cause: error, ...wait });
  }
  if (error instanceof RemoteError) {
    return failed(failureOf(error.message), doing, `the server says "${error.message}"`, { cause: error });
  }
  if (error instanceof PackError) return failed('transient', doing, error.message, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new TowpathError('transient', 'GitFailed', `Cannot ${doing}: ${message}`, { cause: error });
}

type FailureClass = GitFailure | 'unusable';

const classOfTransport: Readonly<Record<TransportFailure, FailureClass>> = {
  auth: 'auth',
  denied: 'denied',
  missing: 'missing',
  unreachable: 'transient',
  unusable: 'unusable',
};

function failed(
  failure: FailureClass,
  doing: string,
  why: string,
  options: ErrorOptions & { retryAfterMs?: number },
): TowpathError {
  const { kind, reason, advice } = failure === 'denied' && /\barchived\b/i.test(why) ? archived : meanings[failure];
  return new TowpathError(kind, reason, `Cannot ${doing}: ${why}${advice && `; ${advice}`}`, options);
}

interface Meaning {
  readonly kind: 'transient' | 'terminal';
  readonly reason: string;
  readonly advice: string;
}

/** As the forge's API says it, for no right would help. */
const archived: Meaning = {
  kind: 'terminal',
  reason: 'ForgeArchived',
  advice: 'take the repository out of the archive',
};

const meanings: Readonly<Record<FailureClass, Meaning>> = {
  auth: {
    kind: 'terminal',
    reason: 'GitAuthentication',
    advice: "check the namespace's git credentials; they are read again at each try",
  },
  denied: {
    kind: 'terminal',
    reason: 'GitPermission',
    advice: 'give these credentials the right to read and write this repository',
  },
  policy: { kind: 'terminal', reason: 'GitPolicy', advice: "ask the repository's owner to let Towpath through" },
  missing: {
    kind: 'terminal',
    reason: 'MissingRepository',
    advice: 'create it, or correct its address in the configuration',
  },
  unusable: { kind: 'terminal', reason: 'GitUnusable', advice: '' },
  moved: { kind: 'transient', reason: 'GitMoved', advice: '' },
  transient: { kind: 'transient', reason: 'GitUnreachable', advice: '' },
};

/** `branches` are those that are there. */
export function missingBranch(url: string, branch: string, branches: readonly string[] = []): TowpathError {
  // Those that could be meant; what is proposed lies below a prefix, and there may be hundreds.
  const likeliest = branches.toSorted((one, other) => one.split('/').length - other.split('/').length);
  const shown = likeliest.slice(0, 3).map((name) => `"${plainText(name)}"`);
  const named = shown.length > 0 ? ` (${shown.join(', ')}${branches.length > shown.length ? ', …' : ''})` : '';
  return new TowpathError(
    'terminal',
    'MissingBranch',
    `Cannot read branch "${branch}" of ${url}: the repository has other branches${named} but not this one; ` +
      'create it, or name the right branch in the configuration',
  );
}

export function emptyCommit({ message }: { readonly message: string }): TowpathError {
  const subject = message.split('\n', 1)[0];
  return new TowpathError('terminal', 'EmptyCommit', `Cannot commit "${subject}": it changes nothing`);
}
