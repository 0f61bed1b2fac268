// What waits for offsets, for time, and the lists that they wait in.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { AckWaiters, type AckReceiver } from '../../src/replication/ack-waiters.ts'
import { Deadlines, DelayedOperation } from '../../src/replication/delayed-operation.ts'
import { FetchWaiter, FetchWaiters } from '../../src/replication/fetch-waiters.ts'
import { advanceHighWatermark } from '../../src/replication/high-watermark.ts'
import { leaveList, LinkedList, type Linked } from '../../src/replication/linked-list.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { SeededRandom } from '../support/seeded-random.ts'

class Element implements Linked<Element> {
  list: LinkedList<Element> | null = null
  previous: Element | null = null
  next: Element | null = null
  readonly name: number

  constructor(name: number) {
    this.name = name
  }
}

test('a linked list agrees with an array, whatever is done to it', () => {
  const random = new SeededRandom(11)
  const lists = [new LinkedList<Element>(), new LinkedList<Element>()]
  const models: Element[][] = [[], []]
  const free = Array.from({ length: 20 }, (_, name) => new Element(name))
  for (let step = 0; step < 5000; step++) {
    const which = random.below(2)
    const list = lists[which]!
    const model = models[which]!
    const actions = [
      () => {
        const element = free.pop()
        if (element === undefined) return
        list.append(element)
        model.push(element)
      },
      () => {
        const element = free.pop()
        if (element === undefined) return
        list.prepend(element)
        model.unshift(element)
      },
      () => {
        const element = list.takeFirst()
        expect(element).toBe(model.shift() ?? null)
        if (element !== null) free.push(element)
      },
      () => {
        if (model.length === 0) return
        const [element] = model.splice(random.below(model.length), 1)
        leaveList(element!)
        free.push(element!)
      },
      () => {
        if (!random.chance(0.1)) return
        list.moveTo(lists[1 - which]!)
        models[1 - which]!.push(...model.splice(0))
      },
    ]
    random.pick(actions)()
    for (const [n, each] of lists.entries()) {
      const found: Element[] = []
      for (let at = each.first; at !== null; at = at.next) found.push(at)
      expect(found.map(({ name }) => name)).toEqual(models[n]!.map(({ name }) => name))
      expect(each.size).toBe(models[n]!.length)
    }
  }
})

describe('the high watermark', () => {
  test('is where the slowest in-sync replica is', () => {
    expect(advanceHighWatermark([7], 3)).toBe(7)
    expect(advanceHighWatermark([9, 5, 7], 3)).toBe(5)
  })

  test('never moves back', () => {
    expect(advanceHighWatermark([9, 2], 3)).toBe(3)
  })
})

class Acks implements AckReceiver {
  readonly told: (number | string)[] = []

  acknowledged(slot: number): void {
    this.told.push(slot)
  }

  refused(slot: number, error: BrokerError): void {
    this.told.push(`${slot} ${error.code}`)
  }
}

describe('ack waiters', () => {
  test('are released in order, up to an offset', () => {
    const waiters = new AckWaiters()
    const acks = new Acks()
    for (const [slot, endOffset] of [3, 3, 5, 9].entries()) waiters.add(endOffset, acks, slot)
    waiters.release(2)
    expect(acks.told).toEqual([])
    waiters.release(5)
    expect(acks.told).toEqual([0, 1, 2])
    expect(waiters.size).toBe(1)
    waiters.release(9)
    waiters.add(10, acks, 4)
    waiters.release(10)
    expect(acks.told).toEqual([0, 1, 2, 3, 4])
    expect(waiters.size).toBe(0)
  })

  test('are refused all at once, but for those that come from within', () => {
    const waiters = new AckWaiters()
    const later = new Acks()
    const told: string[] = []
    const again: AckReceiver = {
      acknowledged: () => {},
      refused: (slot) => {
        told.push(`${slot}`)
        waiters.add(7, later, slot)
      },
    }
    waiters.add(3, again, 0)
    waiters.add(4, again, 1)
    waiters.fail(new BrokerError('KAFKA_STORAGE_ERROR'))
    expect(told).toEqual(['0', '1'])
    waiters.release(7)
    expect(later.told).toEqual([0, 1])
  })
})

class Reader extends FetchWaiter {
  woken = 0
  error: BrokerError | null = null
  onWake: () => void = () => {}

  override highWatermarkMoved(): void {
    this.woken += 1
    this.onWake()
  }

  override partitionLost(error: BrokerError): void {
    this.error = error
  }
}

describe('fetch waiters', () => {
  test('are woken once, and wait again when they ask to', () => {
    const waiters = new FetchWaiters()
    const [once, again] = [new Reader(), new Reader()]
    again.onWake = () => waiters.add(again)
    waiters.add(once)
    waiters.add(again)
    waiters.wakeAll()
    waiters.wakeAll()
    expect([once.woken, again.woken, waiters.size]).toEqual([1, 2, 1])
  })

  test('may be taken out by another that is woken before them', () => {
    const waiters = new FetchWaiters()
    const [first, second] = [new Reader(), new Reader()]
    first.onWake = () => leaveList<FetchWaiter>(second)
    waiters.add(first)
    waiters.add(second)
    waiters.wakeAll()
    expect(second.woken).toBe(0)
  })

  test('are bounded', () => {
    const waiters = new FetchWaiters(1)
    waiters.add(new Reader())
    expect(() => waiters.add(new Reader())).toThrow(/THROTTLING_QUOTA_EXCEEDED/)
  })

  test('are told when there is nothing more to wait for', () => {
    const waiters = new FetchWaiters()
    const reader = new Reader()
    waiters.add(reader)
    waiters.fail(new BrokerError('UNKNOWN_TOPIC_OR_PARTITION'))
    expect([reader.error?.code, reader.woken]).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 0])
  })
})

class Waiting extends DelayedOperation {
  expiredAtMs = -1
  readonly #clock: ManualClock

  constructor(clock: ManualClock) {
    super()
    this.#clock = clock
  }

  override expire(): void {
    expect(this.expiredAtMs).toBe(-1)
    this.expiredAtMs = this.#clock.monotonicMs()
  }
}

describe('deadlines', () => {
  test('expire each at its time, with one timer for each distinct wait', () => {
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock)
    const started = [0, 10, 25].map((atMs) => {
      clock.advance(atMs - clock.monotonicMs())
      return [50, 20].map((waitMs) => {
        const operation = new Waiting(clock)
        deadlines.add(operation, waitMs)
        return operation
      })
    })
    expect(clock.timerCount).toBe(2)
    clock.advance(100)
    const expired = started.map((pair) => pair.map(({ expiredAtMs }) => expiredAtMs))
    expect(expired).toEqual([
      [50, 20],
      [60, 30],
      [75, 45],
    ])
    expect([deadlines.size, clock.timerCount]).toEqual([0, 0])
  })

  test('that were cancelled never expire', () => {
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock)
    const [kept, cancelled] = [new Waiting(clock), new Waiting(clock)]
    deadlines.add(cancelled, 10)
    deadlines.add(kept, 10)
    deadlines.cancel(cancelled)
    deadlines.cancel(cancelled)
    expect(deadlines.size).toBe(1)
    clock.advance(10)
    expect([kept.expiredAtMs, cancelled.expiredAtMs]).toEqual([10, -1])
  })

  test('random histories: every operation expires at its deadline, or was cancelled before', () => {
    const random = new SeededRandom(3)
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock)
    const all: { operation: Waiting; atMs: number; cancelled: boolean }[] = []
    for (let step = 0; step < 3000; step++) {
      clock.advance(random.below(5))
      if (random.chance(0.6)) {
        const operation = new Waiting(clock)
        const waitMs = random.pick([0, 1, 7, 30])
        all.push({ operation, atMs: clock.monotonicMs() + waitMs, cancelled: false })
        deadlines.add(operation, waitMs)
      } else if (all.length > 0) {
        const entry = random.pick(all.slice(-10))
        if (entry.operation.expiredAtMs >= 0) continue
        entry.cancelled = true
        deadlines.cancel(entry.operation)
      }
    }
    clock.advance(100)
    for (const { operation, atMs, cancelled } of all) {
      expect(operation.expiredAtMs).toBe(cancelled ? -1 : atMs)
    }
  })
})
