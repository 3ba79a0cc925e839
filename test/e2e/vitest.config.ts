import { defineConfig } from 'vitest/config';

// One cluster for all files, which run one after the other. By hand nothing is tried twice: what fails now and then is a
// fault. In CI a starved machine gets one more chance a test, and the report marks each test that needed it.
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/e2e/harness/global-setup.ts'],
    setupFiles: ['test/support/setup.ts'],
    fileParallelism: false,
    retry: process.env['CI'] ? 1 : 0,
    testTimeout: 180_000,
    // A test that waits for something ends when it is there; the second of the default is too short for a busy machine.
    expect: { poll: { timeout: 60_000, interval: 100 } },
    hookTimeout: 180_000,
    teardownTimeout: 120_000,
  },
});
