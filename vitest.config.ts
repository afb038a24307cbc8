import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/probes/**'],
    globalSetup: ['test/support/radosgw-on-demand.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
      // Counted over all files of the domain together; a run of chosen files (`npx vitest run …`) counts nothing.
      thresholds: { 'src/domain/**/*.ts': { lines: 95, branches: 95, functions: 95, statements: 95 } },
    },
  },
});
