import { defineConfig } from 'vitest/config';

// test/clients and test/e2e need programs of their own (Python, Go, clusters) and have scripts of their own.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/clients/**', 'test/e2e/**', 'node_modules/**'],
    setupFiles: ['test/support/setup.ts'],
    // No file replaces a module, so a worker loads what is tested once, not once a file.
    isolate: false,
    // Two can keep two cores busy only while neither waits.
    maxWorkers: 3,
    // What is waited for is over at once on a quiet machine; a busy one gets time. A test has longer than whatever waits in
    // it, so that it is told what was waited for.
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
