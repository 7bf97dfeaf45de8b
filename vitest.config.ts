import { defineConfig } from 'vitest/config';

const realData = process.env['SIGNALBOX_BARS_FILE'] && process.env['SIGNALBOX_MACRO_FILE'];

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'examples/**/*.test.mjs',
      'scripts/**/*.test.mjs',
      'torture/**/*.test.mjs',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', ...(realData ? [] : ['**/real-data.test.ts'])],
    globalSetup: ['packages/host/test/after-all.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // a busy machine is no failure
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    maxWorkers: 2,
    reporters: process.env['SIGNALBOX_TEST_JSON']
      ? ['default', ['json', { outputFile: process.env['SIGNALBOX_TEST_JSON'] }]]
      : ['default'],
  },
});
