// Plans of strikes: what was asked for, in the order of the run, and the same again for the same seed.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeededRandom } from '../../support/seeded-random.ts'
import { planStrikes } from './strikes.ts'

const options = fc.record({
  records: fc.integer({ min: 1, max: 1_000_000 }),
  kills: fc.integer({ min: 0, max: 300 }),
  pauses: fc.integer({ min: 0, max: 30 }),
  copiers: fc.integer({ min: 1, max: 6 }),
  brokerShare: fc.double({ min: 0, max: 1, noNaN: true }),
})

test('a plan has the strikes that were asked for, all before the end of the run', () => {
  fc.assert(
    fc.property(fc.integer(), options, (seed, asked) => {
      const plan = planStrikes(new SeededRandom(seed), asked)
      const of = (kind: string): number => plan.filter((each) => each.kind === kind).length
      expect(of('kill broker') + of('kill copier')).toBe(asked.kills)
      expect(of('kill broker')).toBe(Math.round(asked.kills * asked.brokerShare))
      expect(of('pause copier')).toBe(asked.pauses)
      const times = plan.map(({ atCopied }) => atCopied)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      for (const each of plan) {
        expect(each.atCopied).toBeLessThan(asked.records)
        expect(each.copier).toBeLessThan(asked.copiers)
      }
      expect(planStrikes(new SeededRandom(seed), asked)).toEqual(plan)
    }),
  )
})
