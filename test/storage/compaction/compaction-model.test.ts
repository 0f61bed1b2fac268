// Random lives of a compacted log against the plain rules of table-model.ts: what is appended, compacted in
// one or many passes, restarted, cut. And that the rules find what they are there for.

import { expect, test } from 'vitest'
import { SeededRandom } from '../../support/seeded-random.ts'
import { CompactionLife, DELETE_RETENTION_MS, type LifeOptions } from './compaction-life.ts'

/** Seeds that run by default. SEEDS=n runs more of them, from SEED on. */
const SEEDS = Number(process.env['SEEDS'] ?? 25)
const FIRST_SEED = Number(process.env['SEED'] ?? 1)

const TIME = { timeout: 300_000 }

async function step(life: CompactionLife, message: string): Promise<void> {
  const { random, log, rig } = life
  const draw = random.below(100)
  if (draw < 55) for (let count = random.between(1, 8); count > 0; count--) life.append()
  else if (draw < 65) await life.settle()
  else if (draw < 70) await rig.pass(random.between(1, DELETE_RETENTION_MS))
  else if (draw < 74) log.roll()
  else if (draw < 90) {
    await life.settle()
    await life.compact()
    await life.expectInOrder(message)
  } else if (draw < 93) {
    life.stableOffset = random.chance(0.5) ? Infinity : random.between(0, log.logEndOffset)
  } else {
    await life.restart(random.pick(['stop', 'kill', 'power-cut'] as const), message)
    await life.expectInOrder(message)
  }
}

async function live(seed: number, options: LifeOptions): Promise<void> {
  const random = new SeededRandom(seed)
  const life = await CompactionLife.begin(random, {
    keyCount: random.pick([5, 40, 400]),
    ...options,
  })
  for (let steps = random.between(10, 60); steps > 0; steps--) {
    await step(life, `seed ${seed}, ${steps} steps left`)
  }
  life.endAll()
  life.stableOffset = Infinity
  await life.settle()
  life.log.roll()
  await life.settle()
  await life.compact()
  await life.expectInOrder(`seed ${seed}, at the end`)
  expect(life.cleanOffset(), `seed ${seed}`).toBe(life.log.segments.active.baseOffset)
  await life.rig.settled(life.rig.manager.close())
}

test(`a table keeps its rules over ${SEEDS} lives`, TIME, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) await live(seed, {})
})

test(`and with transactions over ${SEEDS} lives`, TIME, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    await live(seed, { transactions: 0.4 })
  }
})
