import type { Config } from 'drizzle-kit';

/** `npx drizzle-kit generate --config .github/scripts/drizzle.config.ts --name <what>` compares the schema with the last snapshot and writes the next migration. */
export default {
  dialect: 'postgresql',
  schema: './src/control-plane/store/schema.ts',
  out: './src/control-plane/store/migrations',
} satisfies Config;
