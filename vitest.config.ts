import { defineConfig } from 'vitest/config';

// test/clients and test/e2e need programs of their own (Python, Go, clusters) and have scripts of their own.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/clients/**', 'test/e2e/**', 'node_modules/**'],
    setupFiles: ['test/support/setup.ts'],
    // Measured on two cores: a third worker together with modules that files share took 366 s, this 316 s.
    maxWorkers: 2,
    // What is waited for is over at once on a quiet machine; a busy one gets time. A test has longer than whatever waits in
    // it, so that it is told what was waited for.
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
