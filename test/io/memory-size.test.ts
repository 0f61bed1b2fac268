// The memory that a process may have is what the system says of it.

import os from 'node:os'
import { afterEach, expect, test, vi } from 'vitest'
import { memoryBytes } from '../../src/io/memory-size.ts'

afterEach(() => vi.restoreAllMocks())

test.each([
  ['without a limit that is known', 0, os.totalmem()],
  ['without a limit', 2 ** 64, os.totalmem()],
  ['in a container', 64 * 1024 * 1024, 64 * 1024 * 1024],
])('%s', (_, constrained, expected) => {
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(constrained)
  expect(memoryBytes()).toBe(expected)
})
