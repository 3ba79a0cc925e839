/**
 * The connections to a Postgres server that requests share: taken in turn, and none held for ever. The server ends what
 * takes too long; where not even that comes, the connections are given up and others are made.
 */
import { drizzle } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { fairGate, type Shares, type Work } from './fair-gate.ts';
import { type Begin, beginGuarded, lazily, type Rows } from './server-transaction.ts';
import { busy } from './waiting.ts';

export const shares: Shares = { connections: 10, ofOneKind: 7, ofOneCaller: 4 };

const seconds = 1_000;
/** For one statement, and for a lock that somebody else holds. */
const statementMs = 15 * seconds;
const lockMs = 5 * seconds;
/** For a transaction of many statements, and for one whose process has stopped in the middle. */
const transactionMs = 30 * seconds;
/** Until what a server ends by itself has been heard of; and what others may take to finish. */
const graceMs = 5 * seconds;

/** Asked for when a connection is made; a pooler may refuse them. */
export const sessionLimits = {
  statement_timeout: statementMs,
  lock_timeout: lockMs,
  idle_in_transaction_session_timeout: transactionMs,
} as const;

/** Behind a pooler settings of a session are anybody's, so each transaction sets them for itself, too. */
const limits =
  `set local lock_timeout = ${lockMs}; set local statement_timeout = ${statementMs}; ` +
  `set local idle_in_transaction_session_timeout = ${transactionMs}`;

interface ServerPool {
  /** What drizzle asks; only what drizzle needs is there. */
  readonly client: postgres.Sql;
  close(): Promise<void>;
}

export function openPool(open: () => postgres.Sql): ServerPool {
  const gate = fairGate(shares);
  let current = ready(open());
  const giveUp = (client: postgres.Sql): void => {
    if (client !== current) return;
    current = ready(open());
    // What still answers may finish.
    void client.end({ timeout: graceMs / seconds }).catch(() => undefined);
  };
  const client = {
    options: current.options,
    unsafe: (text: string, values?: never[], options?: postgres.UnsafeQueryOptions) =>
      lazily((form) =>
        gate.run(workOf(text), () => {
          const asked = current;
          return orGiveUp(form(asked.unsafe(text, values, options)), statementMs + graceMs, () => giveUp(asked));
        }),
      ),
    begin: (body: Begin) =>
      gate.run('change', () => {
        const asked = current;
        return orGiveUp(beginGuarded(asked, limits, body), transactionMs, () => giveUp(asked));
      }),
  };
  return {
    // The rest of its hundred members nobody calls.
    client: client as unknown as postgres.Sql,
    async close() {
      gate.close();
      await current.end({ timeout: graceMs / seconds });
    },
  };
}

/** Drizzle tells a client how to read times; one that takes another's place must know it, too. */
function ready(client: postgres.Sql): postgres.Sql {
  drizzle(client);
  return client;
}

function workOf(text: string): Work {
  return /^\s*(?:insert|update|delete)\b/i.test(text) ? 'change' : 'read';
}

/** Where not even a refusal comes, the other side is gone without a word. */
async function orGiveUp(work: Rows, patienceMs: number, giveUp: () => void): Rows {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    giveUp();
    late.reject(busy('the database does not answer'));
  }, patienceMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
