// Logs that went offline are tried again, and not while that is known to be in vain.

import { expect, test } from 'vitest'
import { silentLogger } from '../../../src/observability/logger.ts'
import { isOutOfSpace, LogRevival } from '../../../src/storage/directory/log-revival.ts'
import { systemError } from '../../support/disk-faults.ts'
import { ManualClock } from '../../support/manual-clock.ts'

class Rig {
  readonly clock = new ManualClock()
  free = 100_000_000
  readonly revival = new LogRevival({
    clock: this.clock,
    logger: silentLogger,
    freeBytes: () => this.free,
  })
  readonly attemptsMs: number[] = []
  failure: Error | null = systemError('EIO', 'sync', '/data/clicks-0/0.log')

  constructor() {
    this.revival.add('clicks-0', this.failure!, async () => {
      this.attemptsMs.push(this.clock.monotonicMs())
      if (this.failure !== null) throw this.failure
    })
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.clock.advance(100)
      await this.clock.settle()
    }
  }
}

test('a log is tried again after 0.5 s, then ever later, and at least every 5 s', async () => {
  const rig = new Rig()
  await rig.pass(20_000)
  expect(rig.attemptsMs).toEqual([500, 1_500, 3_500, 7_500, 12_500, 17_500])
  expect([...rig.revival.offline.keys()]).toEqual(['clicks-0'])

  rig.failure = null
  await rig.pass(10_000)
  expect(rig.attemptsMs.at(-1)).toBe(22_500)
  expect(rig.attemptsMs).toHaveLength(7)
  expect(rig.revival.offline.size).toBe(0)
})

test('after a full disk nothing is tried until there is room, and then at once', async () => {
  const rig = new Rig()
  rig.failure = new Error('append failed', { cause: systemError('ENOSPC', 'write', '/data') })
  await rig.pass(600)
  expect(rig.attemptsMs).toEqual([500])
  rig.free = 1_000
  await rig.pass(30_000)
  expect(rig.attemptsMs).toEqual([500])
  rig.free = 100_000_000
  rig.failure = null
  await rig.pass(600)
  expect(rig.attemptsMs).toHaveLength(2)
  expect(rig.revival.offline.size).toBe(0)
})

test('a log that is gone is not tried, nor is any after the end', async () => {
  const rig = new Rig()
  rig.revival.remove('clicks-0')
  await rig.pass(10_000)
  expect(rig.attemptsMs).toEqual([])

  const other = new Rig()
  await other.revival.close()
  await other.pass(10_000)
  expect(other.attemptsMs).toEqual([])
  expect(other.clock.timerCount).toBe(0)
})

test('a full disk is known by the error or by any of its causes', () => {
  const full = systemError('ENOSPC', 'write', '/x')
  expect(isOutOfSpace(full)).toBe(true)
  expect(isOutOfSpace(new Error('a', { cause: new Error('b', { cause: full }) }))).toBe(true)
  expect(isOutOfSpace(systemError('EIO', 'write', '/x'))).toBe(false)
  expect(isOutOfSpace('ENOSPC')).toBe(false)
})
