// Power cuts: at every call that a log makes, and at random moments, with any combination of what
// was not synced lost.

import { expect, test } from 'vitest'
import { SeededRandom } from '../support/seeded-random.ts'
import { batchOf } from '../support/batches.ts'
import { nextOf } from './known-producers.ts'
import { appendTo, LogFixture } from './log-fixture.ts'
import { expectPromisesKept, expectUsable, Promises, runWorkload } from './log-workload.ts'

/** Power cuts at each call: one that loses all that it can, and some at random. */
const CUTS_A_CALL = 12

/** Thousands of logs are made, cut off and opened again. */
const TIME = { timeout: 300_000 }

test(
  'a power cut at any call of append, roll and removal loses nothing that was durable',
  TIME,
  async () => {
    const counting = await LogFixture.open()
    const counted = counting.files.faults.count()
    await runWorkload(counting, new Promises())
    for (let nth = 1; nth <= counted.calls; nth++) {
      for (let seed = 0; seed < CUTS_A_CALL; seed++) {
        const what = `power cut at call ${nth} of ${counted.calls}, seed ${seed}`
        const fixture = await LogFixture.open()
        const promises = new Promises()
        // The call that the power goes in does nothing, or some of it; the process sees no more.
        const partialBytes = seed * 100
        fixture.files.faults.add({ nth, times: Infinity, code: 'EIO', partialBytes })
        await runWorkload(fixture, promises)
        const random = new SeededRandom(nth * 1_000 + seed)
        fixture.files.crash(seed === 0 ? null : random)
        const after = await expectPromisesKept(fixture, promises, what)
        await expectUsable(after, promises, random, what)
      }
    }
  },
)

test('random work and random power cuts, again and again on one disk', TIME, async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed)
    const promises = new Promises()
    let fixture = await LogFixture.open({ config: { segmentBytes: 1_500 } })
    for (let life = 0; life < 6; life++) {
      for (let step = random.below(25); step > 0; step--)
        await randomStep(fixture, promises, random)
      if (random.chance(0.2)) fixture.files.kill()
      else fixture.files.crash(random.chance(0.2) ? null : random.split())
      const what = `seed ${seed}, life ${life}`
      fixture = await expectPromisesKept(fixture, promises, what, { segmentBytes: 1_500 })
      promises.durableOffset = fixture.log.durableOffset
    }
  }
})

async function randomStep(
  fixture: LogFixture,
  promises: Promises,
  random: SeededRandom,
): Promise<void> {
  const { log, clock } = fixture
  const kind = random.below(10)
  if (kind < 5) {
    const batch = batchOf(random.between(1, 4), random.between(0, 120), {
      timestamp: 5_000 + random.below(1_000),
      ...(random.chance(0.7) ? nextOf(log, random.between(1, 3)) : {}),
    })
    promises.appended(appendTo(log, batch), batch)
  } else if (kind === 5) {
    clock.endTurn()
  } else if (kind === 6) {
    await clock.settle()
  } else if (kind === 7) {
    clock.endTurn()
    await fixture.sync()
    promises.take(fixture)
    if (random.chance(0.5)) promises.recoveryPoint = log.recoveryPoint
  } else if (kind === 8) {
    log.roll()
  } else if (log.durableOffset > log.logStartOffset) {
    const offset = random.between(log.logStartOffset, log.durableOffset)
    promises.logStartOffset = Math.max(promises.logStartOffset, offset)
    log.deleteRecordsBefore(offset)
    clock.advance(random.below(2_000))
  }
}

test('everything a clean close has written survives a power cut', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const promises = new Promises()
    const fixture = await LogFixture.open()
    for (let step = 0; step < 20; step++) await randomStep(fixture, promises, random)
    fixture.log.close(true)
    const end = fixture.log.logEndOffset
    fixture.files.crash(random)
    const { logStartOffset } = promises
    const options = { recoveryPoint: end, logStartOffset, cleanShutdown: true }
    const after = await LogFixture.open(options, fixture.files)
    expect(after.log.logEndOffset, `seed ${seed}`).toBe(end)
    expect(after.opened.report, `seed ${seed}`).toMatchObject({ scannedBytes: 0, damage: [] })
  }
})
