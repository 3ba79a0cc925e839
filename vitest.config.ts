import { defineConfig } from 'vitest/config';

// test/clients and test/e2e need programs of their own (Python, Go, clusters) and have scripts of their own.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/clients/**', 'test/e2e/**', 'node_modules/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What is waited for is over at once on a quiet machine; a busy one gets time.
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
  },
});
