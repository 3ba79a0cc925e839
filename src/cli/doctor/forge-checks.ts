/** Asks the forge of a namespace what a listener will need of it, and has the answers judged. Makes nothing there. */
import { systemClock } from '../../adapters/system-clock.ts';
import { noTelemetry } from '../../adapters/telemetry/none.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { Log } from '../../ports.ts';
import { type OpenedForge, openForge } from '../wiring/forge.ts';
import { forgeBudgets } from '../wiring/forge-budgets.ts';
import { attempt, type Finding } from './check.ts';
import {
  type ForgeSubject,
  judgeForge,
  judgePermissions,
  judgeReviewers,
  neededPermissions,
  reviewersOf,
} from './forge-judge.ts';

/** Nothing where the namespace needs no forge. */
export async function checkForge(configuration: Configuration, settings: Namespace): Promise<readonly Finding[]> {
  const { publication } = settings;
  if (publication.mode === 'direct' && publication.commits === 'push') return [];
  const mend = 'check publication.apiUrl, the network and the token: its account needs the right to write';
  return attempt('forge', mend, async () => {
    const opened = await openForge(settings, {
      git: configuration.git,
      budgets: forgeBudgets(configuration, systemClock()),
      clock: systemClock(),
      log: silent,
      telemetry: noTelemetry,
    });
    try {
      return await look(configuration, settings, opened);
    } finally {
      await opened.forge.dispose();
    }
  });
}

async function look(
  { git, webhooks }: Configuration,
  settings: Namespace,
  { forge, github }: OpenedForge,
): Promise<readonly Finding[]> {
  const subject: ForgeSubject = {
    settings,
    signsCommits: git.signing !== undefined,
    servesWebhooks: webhooks !== undefined,
  };
  const granted = await github?.app?.permissions();
  return [
    ...judgeForge(subject, await forge.repository()),
    ...judgeReviewers(subject, await forge.unknownReviewers(reviewersOf(settings))),
    ...(granted === undefined ? [] : [judgePermissions(neededPermissions(settings), granted)]),
  ];
}

/** What matters is in the findings. */
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
