// How the tests run. Most are quick and in one process; those that start brokers, or clients in
// other languages, take longer, and share two cores, so files run two at a time.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    typecheck: { enabled: false },
  },
})
