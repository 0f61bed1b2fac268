// Passes side by side, what each may use, and settings that change while passes are under way.

import { beforeEach, describe, expect, test } from 'vitest'
import {
  JobCancelled,
  type CleanedGroup,
  type Cleaner,
  type CleanerLimits,
  type CleanerWork,
  type CleaningJob,
  type KeysRead,
} from '../../../src/storage/compaction/cleaner/cleaner.ts'
import type { CompactionSettings } from '../../../src/storage/compaction/log-compaction.ts'
import { testBatch } from '../../support/batches.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { ManagerFixture } from '../manager-fixture.ts'
import { COMPACTED, CompactionLife } from './compaction-life.ts'

const LOGS = 5

const SETTINGS = {
  enabled: true,
  backoffMs: 1_000,
  keyBytes: 100_000,
  ioBufferBytes: 8_000,
  ioBytesPerSecond: 1e6,
}

/** A job that was begun and waits for `go`. */
interface Begun {
  readonly name: string
  readonly limits: CleanerLimits
  go(): void
}

/** Cleaners that begin when the test says so, and change nothing. */
class Gate {
  /** That wait, in the order in which they were begun. */
  readonly waiting: Begun[] = []
  opened = 0
  closed = 0

  open(): Cleaner {
    this.opened += 1
    return new GatedCleaner(this)
  }

  /** Names of the logs that are compacted now, in their order. */
  get names(): string[] {
    return this.waiting.map(({ name }) => name).sort()
  }
}

class GatedCleaner implements Cleaner {
  readonly #gate: Gate
  #stop: () => void = () => {}

  constructor(gate: Gate) {
    this.#gate = gate
  }

  async begin({ directory, segments }: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
    const name = directory.slice(directory.lastIndexOf('/') + 1)
    await new Promise<void>((resolve, reject) => {
      const begun = { name, limits, go: resolve }
      this.#gate.waiting.push(begun)
      this.#stop = () => {
        this.#gate.waiting.splice(this.#gate.waiting.indexOf(begun), 1)
        reject(new JobCancelled())
      }
    })
    return { endOffset: segments.at(-1)!.endOffset, keyCount: 1 }
  }

  next(): Promise<CleanedGroup | null> {
    return Promise.resolve(null)
  }

  end(): Promise<CleanerWork> {
    return Promise.resolve({ bytesRead: 0, bytesWritten: 0, recordsRemoved: 0 })
  }

  cancel(): void {
    this.#stop()
  }

  close(): Promise<void> {
    this.#gate.closed += 1
    return Promise.resolve()
  }
}

let rig: ManagerFixture
let gate: Gate

async function started(settings: Partial<CompactionSettings>): Promise<void> {
  gate = new Gate()
  rig = await ManagerFixture.start({
    compaction: { ...SETTINGS, ...settings },
    openCleaner: () => gate.open(),
  })
  for (let n = 0; n < LOGS; n++) {
    await rig.topic(`t${n}`, 1, COMPACTED)
    const log = rig.log(`t${n}`)
    const records = [{ key: 'k', value: 'v' }]
    rig.appendBatch(log, testBatch({ records, timestamp: rig.clock.now() }))
    log.roll()
  }
  await rig.clock.settle()
}

function change(settings: Partial<CompactionSettings>): void {
  rig.manager.reconfigureCompaction({ ...SETTINGS, ...settings })
}

/** Lets the one that waits longest, or that of a log, go on. */
async function go(name?: string): Promise<void> {
  const at = name === undefined ? 0 : gate.waiting.findIndex((begun) => begun.name === name)
  gate.waiting.splice(at, 1)[0]!.go()
  await rig.clock.settle()
}

beforeEach(() => async () => {
  const closing = rig.manager.close()
  await rig.settled(closing)
  expect(gate.closed).toBe(gate.opened)
})

describe('passes', () => {
  test('run as many at a time as there are threads, each over another log', async () => {
    await started({ threads: 3 })
    await rig.pass(1_000)
    expect(gate.waiting).toHaveLength(3)
    expect(new Set(gate.names).size).toBe(3)
    const all = new Set(gate.names)
    for (let left = LOGS - 3; left > 0; left--) {
      await go()
      expect(gate.waiting).toHaveLength(3)
      for (const name of gate.names) all.add(name)
    }
    expect([...all].sort()).toEqual(['t0-0', 't1-0', 't2-0', 't3-0', 't4-0'])
    while (gate.waiting.length > 0) await go()
    expect(rig.manager.stats().compaction.passes).toBe(LOGS)
    await rig.pass(60_000, 10_000)
    expect(gate.waiting).toEqual([])
    expect(gate.opened).toBe(3)
    expect(gate.closed).toBe(3) // there was nothing to do
  })

  test('share what a cleaner may use', async () => {
    await started({ threads: 4 })
    await rig.pass(1_000)
    const limits = { keyBytes: 25_000, ioBufferBytes: 2_000, ioBytesPerSecond: 250_000 }
    expect(gate.waiting.map((begun) => begun.limits)).toEqual([limits, limits, limits, limits])
  })

  test('are one at a time by default, with all of it', async () => {
    await started({})
    await rig.pass(5_000)
    expect(gate.waiting).toHaveLength(1)
    const { keyBytes, ioBufferBytes, ioBytesPerSecond } = SETTINGS
    expect(gate.waiting[0]!.limits).toEqual({ keyBytes, ioBufferBytes, ioBytesPerSecond })
  })

  test('go on beside one that takes long', async () => {
    await started({ threads: 2 })
    await rig.pass(1_000)
    const [long, other] = gate.names
    await go(other)
    while (gate.waiting.length > 1) {
      await go(gate.names.find((name) => name !== long))
    }
    expect(gate.names).toEqual([long])
    const fresh = rig.log('t4')
    rig.appendBatch(fresh, testBatch({ records: [{ key: 'k', value: 'w' }] }))
    fresh.roll()
    await rig.clock.settle()
    await rig.pass(3_000)
    expect(gate.names).toEqual([long, 't4-0'])
  })

  test('end where a log is deleted, and no other ends', async () => {
    await started({ threads: 2 })
    await rig.pass(1_000)
    const [first, second] = gate.names
    await rig.settled(rig.manager.delete({ topic: first!.slice(0, 2), partition: 0 }))
    expect(gate.names).not.toContain(first)
    expect(gate.names).toContain(second)
    expect(gate.waiting).toHaveLength(2)
  })
})

describe('settings that change', () => {
  test('hold for the next pass: memory and rate', async () => {
    await started({})
    await rig.pass(1_000)
    change({ keyBytes: 50_000, ioBufferBytes: 4_000, ioBytesPerSecond: 5e5 })
    expect(gate.waiting[0]!.limits.keyBytes).toBe(100_000)
    await go()
    const limits = { keyBytes: 50_000, ioBufferBytes: 4_000, ioBytesPerSecond: 5e5 }
    expect(gate.waiting[0]!.limits).toEqual(limits)
  })

  test('hold for the next look: how long nothing is looked for', async () => {
    await started({ backoffMs: 1e9 })
    await rig.pass(5_000)
    expect(gate.waiting).toEqual([])
    change({ backoffMs: 100 })
    await rig.pass(99, 99)
    expect(gate.waiting).toEqual([])
    await rig.pass(1, 1)
    expect(gate.waiting).toHaveLength(1)
  })

  test('hold for the number of passes, up and down', async () => {
    await started({})
    await rig.pass(1_000)
    expect(gate.waiting).toHaveLength(1)
    change({ threads: 3 })
    await rig.pass(1_000)
    expect(gate.waiting).toHaveLength(3)
    change({ threads: 1 })
    await go()
    await go()
    expect(gate.waiting).toHaveLength(1)
    await go()
    expect(gate.waiting).toHaveLength(1)
    expect(gate.closed).toBe(2)
  })

  test('take memory from a cleaner that has had more', async () => {
    await started({ enabled: false })
    const life = await CompactionLife.begin(new SeededRandom(3), {
      keyCount: 300,
      keyBytes: 14_000,
    })
    const passesOver = async (): Promise<number> => {
      const { passes } = life.rig.manager.stats().compaction
      for (let count = 100; count > 0; count--) life.append()
      life.log.roll()
      await life.settle()
      await life.compact()
      return life.rig.manager.stats().compaction.passes - passes
    }
    expect(await passesOver()).toBe(1)
    const less = { keyBytes: 4_096, ioBufferBytes: 10_000, ioBytesPerSecond: Infinity }
    life.rig.manager.reconfigureCompaction({ enabled: false, backoffMs: 0, ...less })
    expect(await passesOver()).toBeGreaterThan(1)
    await life.expectInOrder('with less memory')
  })

  test('do not bring compaction to life where it is off', async () => {
    await started({ enabled: false })
    change({ backoffMs: 10, threads: 3 })
    await rig.pass(1_000, 10)
    expect(gate.waiting).toEqual([])
  })
})
