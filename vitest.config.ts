import { configDefaults, defineConfig } from 'vitest/config';
import { findChromium } from './test/web/chromium.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Without a browser its tests are left out; chromium.test.ts says so in one line that counts as skipped.
    exclude: [...configDefaults.exclude, ...(findChromium() === null ? ['test/web/browser-*.test.ts'] : [])],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two files at once: the forward pass and the eigensolver use two threads of their own.
    maxWorkers: 2,
    pool: 'forks',
    reporters: ['default', ['json', { outputFile: 'test-results.json' }]],
  },
});
