/** Several changes as one statement: what is sent at once costs one round trip, and in PGlite half the time. */
import { type SQLWrapper, sql } from 'drizzle-orm';
import type { Transaction } from './open-database.ts';

/** Foreign keys are checked when all of it is done, so the order is free; none may read what another writes. Raw ones in parentheses. */
export async function changeTogether(transaction: Transaction, changes: readonly SQLWrapper[]): Promise<void> {
  if (changes.length === 0) return;
  const parts = changes.map((change, at) => sql`${sql.identifier(`change_${at}`)} as ${change}`);
  await transaction.execute(sql`with ${sql.join(parts, sql`, `)} select 1`);
}

/** Whether a statement was refused because of this unique index. */
export function violates(error: unknown, index: string): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code, constraint, constraint_name } = current as Error & Record<string, unknown>;
    if (code === '23505' && (constraint ?? constraint_name) === index) return true;
  }
  return false;
}
