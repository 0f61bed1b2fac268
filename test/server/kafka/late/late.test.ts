// F41, a short run of late.ts: requests of transactions that come late or twice, past the end of the next
// one. And that the schedules find the bugs that they are there for.

import { expect, test } from 'vitest'
import { PLANTED, PLANTED_NAMES, type Planted } from './planted.ts'
import { PROMISE_NAMES, PROMISES, runSchedules, Totals } from './promises.ts'

const SEED = Number(process.env['SLUICE_SEED'] ?? 20_261_126)
const SCHEDULES = 30
/** A bug that is planted is found within so many. */
const TO_FIND = 60

test.each(PROMISE_NAMES)('F41: what is late breaks no promise: %s', async (name) => {
  const totals = new Totals()
  for await (const fault of runSchedules(name, { seed: SEED, from: 0, to: SCHEDULES }, totals)) {
    expect(fault, `seed ${SEED}`).toBe(null)
  }
  // It does what it is to be tested at.
  const { kind, lateApis } = PROMISES[name]
  expect(totals.commits).toBeGreaterThan(5 * SCHEDULES)
  expect(totals.cuts).toBeGreaterThan(0)
  const apis = [...totals.late].filter(([, { arrived }]) => arrived > SCHEDULES / 2)
  // Clients of the newer protocol have no requests to add anything.
  expect(apis.length).toBe(lateApis.size - (kind === 'tv2' ? 2 : 0))
})

test.each(PLANTED_NAMES)('a bug that is planted is found: %s', async (name) => {
  const { breaks, plant, options = {} }: Planted = PLANTED[name]
  const undo = plant()
  let found = null
  try {
    const run = { seed: SEED, from: 0, to: TO_FIND, options }
    for await (const fault of runSchedules(breaks, run, new Totals())) {
      found = fault
      if (found !== null) break
    }
  } catch (error) {
    // The broker met what it holds to be impossible, and said so.
    found = error
  } finally {
    undo()
  }
  expect(found).not.toBe(null)
})

test('a schedule is the same again', async () => {
  const run = async (): Promise<unknown> => {
    const totals = new Totals()
    for await (const fault of runSchedules('newer', { seed: 3, from: 0, to: 5 }, totals)) void fault
    return totals
  }
  expect(await run()).toEqual(await run())
})
