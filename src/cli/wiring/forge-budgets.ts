/** Budgets of the forges' accounts: all namespaces that use one account share what it may still send. */
import { type RequestBudget, type RequestLimits, requestBudget, requestLimitsOf } from '../../core/request-budget.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { TowpathError } from '../../domain/failure.ts';
import { type ForgeAddress, forgeAddress } from '../../domain/forge-address.ts';
import type { PullRequest } from '../../domain/pull-request.ts';
import type { Clock, Forge } from '../../ports.ts';
import { tokenPlace } from './forge-token.ts';

export interface ForgeBudgets {
  of(settings: Namespace, address: ForgeAddress): AccountBudget;
}

interface AccountBudget {
  readonly counted: RequestBudget;
  /** Throws a waiting TowpathError ForgeBudget, as `forge-http.ts` expects. */
  take(): void;
}

/** Where namespaces of one account name different limits, the strictest counts for all of them. */
export function forgeBudgets(
  { namespaces }: Pick<Configuration, 'namespaces'>,
  clock: Pick<Clock, 'now'>,
): ForgeBudgets {
  const known = new Map<string, AccountBudget>();
  const limits = new Map<string, RequestLimits>();
  for (const settings of Object.values(namespaces)) {
    const address = forgeAddress(settings);
    if (address === null) continue;
    const key = accountOf(settings, address);
    limits.set(key, strictest(limits.get(key), requestLimitsOf(settings)));
  }
  return {
    of: (settings, address) => {
      const key = accountOf(settings, address);
      const budget = known.get(key) ?? accountBudget(limits.get(key) ?? requestLimitsOf(settings), address, clock);
      known.set(key, budget);
      return budget;
    },
  };
}

function strictest(one: RequestLimits | undefined, other: RequestLimits): RequestLimits {
  const least = (first: number | null, second: number | null): number | null =>
    first === null || second === null ? (first ?? second) : Math.min(first, second);
  if (one === undefined) return other;
  return {
    contentPerMinute: least(one.contentPerMinute, other.contentPerMinute),
    contentPerHour: least(one.contentPerHour, other.contentPerHour),
  };
}

function accountBudget(limits: RequestLimits, { apiUrl }: ForgeAddress, clock: Pick<Clock, 'now'>): AccountBudget {
  const counted = requestBudget(limits);
  const take = (): void => {
    const retryAfterMs = counted.take(clock.now().getTime());
    if (retryAfterMs === 0) return;
    const { contentPerMinute, contentPerHour } = limits;
    const allowed = [
      ...(contentPerMinute === null ? [] : [`${contentPerMinute} a minute`]),
      ...(contentPerHour === null ? [] : [`${contentPerHour} an hour`]),
    ].join(', ');
    const message = `Cannot send more to ${apiUrl} yet: publication.budget is ${allowed}; it waits for its turn`;
    throw new TowpathError('waiting', 'ForgeBudget', message, { retryAfterMs });
  };
  return { counted, take };
}

/** Whoever has the same credential is the same account; the place of it tells that as well as its value. */
function accountOf({ publication, credentials }: Namespace, { apiUrl }: ForgeAddress): string {
  const place = tokenPlace({ publication, credentials });
  const app = credentials?.githubApp;
  const account = place ?? { app: app?.id, installation: app?.installationId };
  return JSON.stringify([apiUrl, account]);
}

/** The forge with its account's budget among its own; what was opened before a restart is counted at the first look. */
export function budgetedForge(forge: Forge, { counted }: AccountBudget, clock: Pick<Clock, 'now'>): Forge {
  const seen = new Set<'open' | 'closed'>();
  const seeding = (list: 'open' | 'closed', found: readonly PullRequest[]): readonly PullRequest[] => {
    if (!seen.has(list)) {
      const times = found.map(({ createdAt }) => createdAt.getTime());
      counted.seed(times, clock.now().getTime());
    }
    seen.add(list);
    return found;
  };
  return {
    ...forge,
    open: async (prefix) => seeding('open', await forge.open(prefix)),
    closed: async (prefix, after) => seeding('closed', await forge.closed(prefix, after)),
    budgets: () => [...forge.budgets(), ...counted.budgets(clock.now().getTime())],
  };
}
