// A log against the plainest model of one: a list of batches. Any sequence of what may be done to a
// log, with restarts between, leaves both with the same answers.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchOf } from '../support/batches.ts'
import { appendTo, LogFixture } from './log-fixture.ts'

interface ModelBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly timestamp: number
  readonly bytes: Buffer
  /** Null: of no producer with an id. */
  readonly sent: Sent | null
}

interface Sent {
  readonly producerId: number
  readonly epoch: number
  readonly sequence: number
  readonly records: number
}

class Model {
  batches: ModelBatch[] = []
  logStartOffset = 0

  get logEndOffset(): number {
    return (this.batches.at(-1)?.lastOffset ?? -1) + 1
  }

  /** The batches of a producer in its newest epoch, oldest first. Records that were deleted count too. */
  sentBy(producerId: number): (ModelBatch & { readonly sent: Sent })[] {
    const all = this.batches.flatMap((batch) => {
      return batch.sent?.producerId === producerId ? [{ ...batch, sent: batch.sent }] : []
    })
    return all.filter(({ sent }) => sent.epoch === all.at(-1)!.sent.epoch)
  }

  /** What becomes of a batch: a refusal, the batch that it repeats, or null when it is appended. */
  answerTo(batch: Sent): string | ModelBatch | null {
    const before = this.sentBy(batch.producerId)
    const last = before.at(-1)?.sent
    if (last === undefined) return null
    if (batch.epoch < last.epoch) return 'INVALID_PRODUCER_EPOCH'
    const isNewEpoch = batch.epoch > last.epoch
    if (batch.sequence === (isNewEpoch ? 0 : last.sequence + last.records)) return null
    const repeated = before.slice(-5).find(({ sent }) => {
      return sent.sequence === batch.sequence && sent.records === batch.records
    })
    return (isNewEpoch ? undefined : repeated) ?? 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  }
}

type Action =
  | {
      readonly kind: 'append'
      readonly records: number
      readonly size: number
      readonly time: number
    }
  | {
      readonly kind: 'produce'
      readonly producerId: number
      readonly records: number
      /** What it sends: the next batch, one that it has sent already, or something wrong. */
      readonly what: 'next' | 'gap' | 'new-epoch' | 'old-epoch' | number
    }
  | {
      readonly kind: 'read'
      readonly at: number
      readonly maxBytes: number
      readonly below: number
    }
  | { readonly kind: 'find'; readonly time: number }
  | { readonly kind: 'delete' | 'truncate'; readonly at: number }
  | { readonly kind: 'roll' | 'write' | 'sync' | 'restart' | 'kill' }

const fraction = fc.double({ min: 0, max: 1, noNaN: true })

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      records: fc.integer({ min: 1, max: 5 }),
      size: fc.integer({ min: 0, max: 200 }),
      time: fc.integer({ min: 1_000, max: 1_300 }),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('produce' as const),
      producerId: fc.integer({ min: 0, max: 2 }),
      records: fc.integer({ min: 1, max: 3 }),
      what: fc.oneof(
        { weight: 6, arbitrary: fc.constant('next' as const) },
        { weight: 4, arbitrary: fc.integer({ min: 1, max: 7 }) },
        { weight: 2, arbitrary: fc.constantFrom('gap', 'new-epoch', 'old-epoch') },
      ),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      at: fraction,
      maxBytes: fc.integer({ min: 1, max: 2_000 }),
      below: fraction,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('find' as const),
      time: fc.integer({ min: 990, max: 1_310 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), at: fraction }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: fraction }) },
  ...(['roll', 'write', 'sync', 'restart', 'kill'] as const).map((kind) => ({
    weight: kind === 'kill' || kind === 'restart' ? 1 : 2,
    arbitrary: fc.constant({ kind }),
  })),
)

test('a log answers as a list of batches does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const model = new Model()
      let fixture = await LogFixture.open({ config: { segmentBytes: 1_200 } })
      for (const step of actions) fixture = await perform(step, fixture, model)
      await expectSame(fixture, model)
    }),
    { numRuns: 150, seed: 20_260, verbose: 1 },
  )
})

async function perform(step: Action, fixture: LogFixture, model: Model): Promise<LogFixture> {
  const { log } = fixture
  switch (step.kind) {
    case 'append': {
      const bytes = batchOf(step.records, step.size, { timestamp: step.time })
      const appended = appendTo(log, bytes)
      expect(appended.baseOffset).toBe(model.logEndOffset)
      model.batches.push({ ...appended, timestamp: step.time, bytes, sent: null })
      return fixture
    }
    case 'produce':
      produce(step, fixture, model)
      return fixture
    case 'read':
      await expectRead(step, fixture, model)
      return fixture
    case 'find': {
      const found = await log.offsetForTimestamp(step.time)
      const batch = model.batches.find(({ timestamp, lastOffset }) => {
        const readable = lastOffset >= model.logStartOffset && lastOffset < log.writtenOffset
        return readable && timestamp >= step.time
      })
      const offset = Math.max(batch?.baseOffset ?? 0, model.logStartOffset)
      const expected = batch === undefined ? null : { offset, timestamp: batch.timestamp }
      if (expected === null) expect(found).toBeNull()
      else expect(found).toMatchObject(expected)
      return fixture
    }
    case 'delete': {
      const offset = between(model.logStartOffset, log.writtenOffset, step.at)
      log.deleteRecordsBefore(offset)
      model.logStartOffset = offset
      return fixture
    }
    case 'truncate': {
      const offset = between(model.logStartOffset, model.logEndOffset, step.at)
      const kept = model.batches.filter(({ lastOffset }) => lastOffset < offset)
      const end = (kept.at(-1)?.lastOffset ?? -1) + 1
      // A log does not end before it starts: what a follower would do then is to start anew.
      if (end < model.logStartOffset) return fixture
      log.truncateTo(offset)
      model.batches = kept
      return fixture
    }
    case 'roll':
      log.roll()
      return fixture
    case 'write':
      fixture.clock.endTurn()
      return fixture
    case 'sync':
      await fixture.sync()
      return fixture
    case 'restart': {
      log.close(true)
      const { logStartOffset } = model
      const options = { recoveryPoint: model.logEndOffset, logStartOffset, cleanShutdown: true }
      return await reopen(fixture, options)
    }
    case 'kill': {
      const { recoveryPoint, writtenOffset } = log
      model.batches = model.batches.filter(({ lastOffset }) => lastOffset < writtenOffset)
      fixture.files.kill()
      return await reopen(fixture, { recoveryPoint, logStartOffset: model.logStartOffset })
    }
  }
}

function produce(step: Action & { kind: 'produce' }, { log }: LogFixture, model: Model): void {
  const sent = whatIsSent(step, model)
  const { producerId, epoch, sequence, records } = sent
  const producer = { producerId, producerEpoch: epoch, baseSequence: sequence }
  const bytes = batchOf(records, 30, { timestamp: 1_100, ...producer })
  const answer = model.answerTo(sent)
  if (typeof answer === 'string') {
    expect(() => appendTo(log, bytes)).toThrow(answer)
    return
  }
  const appended = appendTo(log, bytes)
  if (answer !== null) {
    const { baseOffset, lastOffset } = answer
    expect(appended).toEqual({ baseOffset, lastOffset, maxTimestamp: 1_100, isRepeat: true })
    return
  }
  expect(appended).toMatchObject({ baseOffset: model.logEndOffset, isRepeat: false })
  model.batches.push({ ...appended, timestamp: 1_100, bytes, sent })
}

function whatIsSent(
  { producerId, records, what }: Action & { kind: 'produce' },
  model: Model,
): Sent {
  const before = model.sentBy(producerId)
  const last = before.at(-1)?.sent
  if (last === undefined) return { producerId, epoch: 1, sequence: 0, records }
  const next = { producerId, epoch: last.epoch, sequence: last.sequence + last.records, records }
  if (typeof what === 'number') return before.at(-what)?.sent ?? next
  if (what === 'gap') return { ...next, sequence: next.sequence + 1 }
  if (what === 'new-epoch') return { ...next, epoch: last.epoch + 1, sequence: 0 }
  return what === 'old-epoch' ? { ...next, epoch: last.epoch - 1 } : next
}

async function reopen(
  { files, clock }: LogFixture,
  options: { recoveryPoint: number; logStartOffset: number; cleanShutdown?: boolean },
): Promise<LogFixture> {
  return await LogFixture.open({ ...options, config: { segmentBytes: 1_200 } }, files, clock)
}

async function expectRead(
  { at, maxBytes, below }: Action & { kind: 'read' },
  { log }: LogFixture,
  model: Model,
): Promise<void> {
  const from = between(model.logStartOffset, model.logEndOffset, at)
  const belowOffset = between(0, model.logEndOffset, below)
  const read = await log.read(from, { maxBytes, belowOffset })
  const limit = Math.min(belowOffset, log.writtenOffset)
  const readable = model.batches.filter(
    ({ lastOffset }) => lastOffset >= from && lastOffset < limit,
  )
  const count = read.batchCount
  const expected = readable.slice(0, count)
  expect(read.batches.equals(Buffer.concat(expected.map(({ bytes }) => bytes)))).toBe(true)
  expect(read.nextOffset).toBe((expected.at(-1)?.lastOffset ?? from - 1) + 1)
  if (readable.length > 0) expect(count).toBeGreaterThan(0)
  if (count > 1) expect(read.batches.byteLength).toBeLessThanOrEqual(maxBytes)
}

async function expectSame({ log, clock }: LogFixture, model: Model): Promise<void> {
  clock.endTurn()
  expect([log.logStartOffset, log.logEndOffset]).toEqual([model.logStartOffset, model.logEndOffset])
  let offset = model.logStartOffset
  for (const { bytes, lastOffset } of model.batches) {
    if (lastOffset < offset) continue
    const read = await log.read(offset, { maxBytes: 1 })
    expect(read.batches.equals(bytes)).toBe(true)
    offset = read.nextOffset
  }
  expect(offset).toBe(model.logEndOffset)
}

function between(low: number, high: number, at: number): number {
  return low + Math.floor((high - low) * at)
}
