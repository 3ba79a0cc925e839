import { defineConfig } from 'vitest/config';

// Programs that nobody here wrote: they are installed once, outside the checkout, and run against a real `towpath dev`.
export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    globalSetup: ['test/clients/install.ts'],
    setupFiles: ['test/support/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
  },
});
