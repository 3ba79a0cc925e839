/**
 * A transaction that may lose its connection in the middle. The driver would go on: it writes to a socket that is gone,
 * in a timer where nobody can catch the error, and the whole process ends (porsager/postgres#1208); or, once that
 * connection is made again, into a session of somebody else. So nothing more is asked of a transaction that is lost, and
 * the driver never hears how it ended: it would send its own rollback or commit.
 */
import postgres from 'postgres';

export type Begin = (transaction: postgres.TransactionSql) => Promise<unknown>;
export type Rows = Promise<unknown>;
type Query = postgres.PendingQuery<postgres.Row[]>;
/** The rows as objects, or as `values()`. */
export type Form = (query: Query) => Rows;

/** `first` goes along with the first statement, and costs no round trip. */
export function beginGuarded(client: postgres.Sql, first: string, body: Begin): Rows {
  const lost = Promise.withResolvers<never>();
  let isLost = false;
  const lose = (error: unknown): void => {
    isLost = true;
    lost.reject(error);
  };
  const unlessLost = <Result>(result: Result): Result => {
    if (isLost) throw new Error('Cannot go on with a transaction that lost its connection');
    return result;
  };
  const guarded = (transaction: postgres.TransactionSql) => ({
    unsafe: (text: string, values?: never[], options?: postgres.UnsafeQueryOptions) =>
      lazily(async (form) => {
        unlessLost(null);
        try {
          return await form(transaction.unsafe(text, values, options));
        } catch (error) {
          if (endsConnection(error)) lose(error);
          throw error;
        }
      }),
  });
  const begun = client.begin(async (transaction) => {
    void transaction.unsafe(first).execute();
    try {
      return unlessLost(await body(guarded(transaction) as unknown as postgres.TransactionSql));
    } catch (error) {
      return isLost ? lost.promise.catch(forever) : Promise.reject(error);
    }
  });
  // Where nothing was being asked when the connection was lost, this is the first to say so; else it just ended.
  begun.catch(lose);
  return Promise.race([begun, lost.promise]);
}

/** As the driver's own queries: nothing is sent before somebody waits for it. */
export function lazily(run: (form: Form) => Rows) {
  return {
    values: () => run((query) => query.values()),
    // biome-ignore lint/suspicious/noThenProperty: drizzle awaits a query, which is what sends it
    then: (...handlers: Parameters<Rows['then']>) => run((query) => query).then(...handlers),
  };
}

/** The driver's own word that the connection is gone, the system's, or the server's last one. */
function endsConnection(error: unknown): boolean {
  if (error instanceof postgres.PostgresError) return /^(?:FATAL|PANIC)$/.test(error.severity);
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^(?:CONNECTION_|CONNECT_TIMEOUT$|E[A-Z]+$|ERR_)/.test(code);
}

const forever = (): Promise<never> => new Promise(() => undefined);
