import { defineConfig } from 'vitest/config'

// Interop, fault and journey tests start real servers, hence the generous timeouts: they bound a hang, not a speed.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
