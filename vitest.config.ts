// How the tests run. Most are quick and in one process; those that start brokers, or clients in
// other languages, take longer, and share two cores, so files run two at a time.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Of a test that hangs. None depends on how fast the machine is.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    typecheck: { enabled: false },
  },
})
