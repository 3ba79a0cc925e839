/** Runs `towpath hold release`. */
import { TowpathError } from '../../domain/failure.ts';
import { CommitId, type NamespaceName } from '../../domain/identifiers.ts';
import { releaseHistory } from '../../listener/operate/history.ts';
import { type ReleaseShown, releaseDeletions, releaseDeployment } from '../../listener/operate/release.ts';
import type { OperateOptions } from '../operating/operated.ts';
import { type Operating, runOperation } from '../operating/operated.ts';

export function holdRelease(what: string, options: HoldReleaseOptions): Promise<number> {
  if (options.commit !== undefined && what !== 'history') {
    const message = `Cannot release "${what}" with --commit: that is for history alone; leave it out`;
    throw new TowpathError('terminal', 'InvalidOption', message);
  }
  return runOperation(options, (namespace) => releaseOf(what, namespace, options));
}

function releaseOf(what: string, namespace: NamespaceName, { commit }: HoldReleaseOptions): Operating<ReleaseShown> {
  switch (what) {
    case 'deletions':
      return {
        question: { action: 'release the held removals', question: `Remove them from namespace ${namespace}?` },
        command: releaseDeletions,
      };
    case 'history':
      return {
        question: { action: 'accept a rewritten history', question: 'Accept this history?' },
        command: (operation, confirm) =>
          releaseHistory(operation, commit === undefined ? null : CommitId.parse(commit), confirm),
      };
    default:
      return {
        question: { action: `release "${what}"`, question: 'Go on?' },
        command: (operation, confirm) => releaseDeployment(operation, what, confirm),
      };
  }
}

export interface HoldReleaseOptions extends OperateOptions {
  readonly commit?: string;
}
