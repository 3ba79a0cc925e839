/** Whether the repository of a namespace can be read and would take a push, without pushing. */
import { openDispatcher } from '../../adapters/http/http-dispatcher.ts';
import { gitError } from '../../adapters/repository/failure.ts';
import { branchInTheWay } from '../../core/branch-names.ts';
import type { Git } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { CommitId } from '../../domain/identifiers.ts';
import { readPackets } from '../../git/pkt-line.ts';
import { refuseError } from '../../git/sideband.ts';
import { attempt, type Finding, failed, ok } from './check.ts';
import { type LookedAt, look, transportOf } from './git-server-checks.ts';

export async function checkRepository(settings: Namespace, git: Git): Promise<LookedAt> {
  let head: CommitId | null = null;
  const reading = await attempt(
    'read',
    'check the address, the network and the credentials of the namespace',
    async () => {
      const looked = await look(settings, git);
      head = looked.head;
      return [judgeBranch(settings, head), ...looked.findings];
    },
  );
  if (reading.some(({ verdict }) => verdict === 'failed')) return { head, findings: reading };
  const mend = 'give these credentials the right to write to the repository';
  const writing = await attempt('push', mend, async () => {
    const branches = await askToPush(settings, git);
    return [
      ok('push', 'the server offers it to these credentials; whether the branch is protected only a push tells'),
      ...judgeNames(settings, branches),
    ];
  });
  return { head, findings: [...reading, ...writing] };
}

function judgeBranch({ repository, branch }: Namespace, head: CommitId | null): Finding {
  if (head === null) return ok('read', `${repository} has no branch ${branch} yet: the first deployment lays it down`);
  return ok('read', `${repository} ${branch} is at ${head.slice(0, 12)}`);
}

/** Branches that git cannot make beside those that are there; to a listener such a push looks like a race that it loses. */
function judgeNames({ branch, publication }: Namespace, branches: readonly string[]): readonly Finding[] {
  const wanted = publication.mode === 'proposed' ? [branch, `${publication.branchPrefix}x`] : [branch];
  return wanted.flatMap((name) => {
    const other = branchInTheWay(name, branches);
    if (other === null) return [];
    const shown = name === branch ? `the branch ${branch}` : `branches below ${name.slice(0, -1)}`;
    const message = `git cannot make ${shown} beside the branch ${other}, which is there already`;
    const option = name === branch ? 'branch' : 'publication.branchPrefix';
    return [failed('branches', message, `remove or rename the branch ${other}, or choose another ${option}`)];
  });
}

/** A server tells who may push before it lists what a push could change; answers the names of its branches. */
async function askToPush(settings: Namespace, git: Git): Promise<readonly string[]> {
  const { caFile, proxy } = settings;
  const dispatcher = openDispatcher({ caFile, caOption: 'caFile of the namespace', proxy });
  const transport = await transportOf(settings, git, dispatcher);
  try {
    const packets = [...readPackets(await transport.advertise('git-receive-pack'))];
    const [first] = packets;
    if (first?.kind === 'data') refuseError(first.payload);
    const lines = packets.flatMap((packet) => (packet.kind === 'data' ? packet.payload.toString('utf8') : []));
    return lines.flatMap((line) => /^[0-9a-f]{40} refs\/heads\/([^\0\n]+)/.exec(line)?.[1] ?? []);
  } catch (error) {
    throw gitError(`push to ${transport.url}`, error);
  } finally {
    await transport.close();
    await dispatcher.destroy();
  }
}
