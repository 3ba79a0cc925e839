/** Columns that many tables have. */
import { timestamp } from 'drizzle-orm/pg-core';

/** Milliseconds, as JavaScript knows them: what is written is what is read. */
export const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
export const createdAt = () => time('created_at').notNull().defaultNow();
export const updatedAt = () => time('updated_at').notNull().defaultNow();
