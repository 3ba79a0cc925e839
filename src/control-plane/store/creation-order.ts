/** Rows in the order in which they were made, which never changes: no page loses a row or has one twice. */
import { asc, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

export interface CreationOrder {
  readonly id: string;
  readonly createdAt: Date;
}

type MadeColumns = Readonly<Record<keyof CreationOrder, PgColumn>>;

export function byCreation({ createdAt, id }: MadeColumns): SQL[] {
  return [asc(createdAt), asc(id)];
}

export function madeAfter({ createdAt, id }: MadeColumns, cursor: CreationOrder | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  return sql`(${createdAt}, ${id}) > (${cursor.createdAt.toISOString()}::timestamptz, ${cursor.id}::uuid)`;
}

export function creationCursor({ createdAt, id }: CreationOrder): string {
  return `${createdAt.getTime()}_${id}`;
}

/** Of what `creationCursor` has written. */
export function parseCreationCursor(text: string): CreationOrder {
  const [time, id = ''] = text.split('_');
  return { createdAt: new Date(Number(time)), id };
}
