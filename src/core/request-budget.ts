/** How much may be asked of a forge: counts what went out within sliding windows, and says how long to wait for more. */
import { forgeAddress } from '../domain/forge-address.ts';
import type { ForgeBudget, ForgeKind } from '../domain/pull-request.ts';

/** Requests that make something; null: no limit. */
export interface RequestLimits {
  readonly contentPerMinute: number | null;
  readonly contentPerHour: number | null;
}

/** Of one account: one API and one credential. Times are milliseconds since 1970. */
export interface RequestBudget {
  /** 0: it is taken, and may go out now. Else nothing is taken, and so many milliseconds are to be waited. */
  take(now: number): number;
  /** Counts what went out before this process began; the order does not matter. */
  seed(times: readonly number[], now: number): void;
  /** Empty where there is no limit. */
  budgets(now: number): readonly ForgeBudget[];
}

interface Window {
  readonly name: ForgeBudget['name'];
  readonly limit: number;
  readonly ms: number;
}

const hourMs = 3_600_000;

export function requestBudget({ contentPerMinute, contentPerHour }: RequestLimits): RequestBudget {
  const windows: readonly Window[] = [
    ...(contentPerMinute === null ? [] : [{ name: 'content a minute', limit: contentPerMinute, ms: 60_000 } as const]),
    ...(contentPerHour === null ? [] : [{ name: 'content an hour', limit: contentPerHour, ms: hourMs } as const]),
  ];
  let taken: readonly number[] = [];
  const forget = (now: number): void => {
    // A clock that was set back must not keep the future counted for ever.
    taken = taken.filter((time) => time > now - hourMs).map((time) => Math.min(time, now));
  };
  return {
    take: (now) => {
      if (windows.length === 0) return 0;
      forget(now);
      const wait = Math.max(...windows.map((window) => waitOf(window, taken, now)));
      if (wait === 0) taken = [...taken, now];
      return wait;
    },
    seed: (times, now) => {
      if (windows.length === 0) return;
      taken = [...taken, ...times].sort((one, other) => one - other);
      forget(now);
    },
    budgets: (now) =>
      windows.map(({ name, limit, ms }) => ({ name, limit, left: Math.max(0, limit - within(taken, now, ms).length) })),
  };
}

/** The newest `limit` of a window must not all lie in it: one more may go once the oldest of them has left it. */
function waitOf({ limit, ms }: Window, taken: readonly number[], now: number): number {
  const inside = within(taken, now, ms);
  const leaving = inside[inside.length - limit];
  return leaving === undefined ? 0 : leaving + ms - now;
}

function within(taken: readonly number[], now: number, ms: number): readonly number[] {
  return taken.filter((time) => time > now - ms);
}

interface BudgetedNamespace {
  readonly repository: string;
  readonly pushesPerMinute?: number | undefined;
  readonly publication: {
    readonly forge?: ForgeKind | undefined;
    readonly apiUrl?: string | undefined;
    readonly budget: { readonly contentPerMinute?: number | undefined; readonly contentPerHour?: number | undefined };
  };
}

/** What the configuration says; else github.com's own limits, and none elsewhere, where the administrator sets them. */
export function requestLimitsOf(namespace: BudgetedNamespace): RequestLimits {
  const { budget } = namespace.publication;
  const usual = isGithubCom(namespace) ? { minute: 80, hour: 500 } : { minute: null, hour: null };
  return {
    contentPerMinute: budget.contentPerMinute ?? usual.minute,
    contentPerHour: budget.contentPerHour ?? usual.hour,
  };
}

/** Undefined: as many as there are. */
export function pushesPerMinuteOf(namespace: BudgetedNamespace): number | undefined {
  return namespace.pushesPerMinute ?? (isGithubCom(namespace) ? 6 : undefined);
}

function isGithubCom(namespace: BudgetedNamespace): boolean {
  const address = forgeAddress(namespace);
  return address?.kind === 'github' && new URL(address.webUrl).hostname === 'github.com';
}
