// Fetch sessions: turns, credit, back-pressure, seeks, and a model over random histories.

import { beforeEach, describe, expect, test } from 'vitest'
import { FetchSession } from '../../src/broker/fetch-session.ts'
import type {
  FetchSink,
  PartitionStart,
  PartitionState,
  PushedBatches,
} from '../../src/broker/fetch-sink.ts'
import type { Position } from '../../src/broker/position.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryPartitions } from '../support/memory-partition.ts'
import { SeededRandom } from '../support/seeded-random.ts'

/** Writes down what it is given, and takes as much as it is told to. */
class RecordingSink implements FetchSink {
  readonly events: string[] = []
  readonly pushed: PushedBatches[] = []
  readonly states: PartitionState[] = []
  heartbeats: number[] = []
  /** Batches that it takes before it wants a rest. */
  room = Infinity

  batches(event: PushedBatches): boolean {
    this.pushed.push(event)
    this.events.push(`${event.topic}-${event.partition} #${event.tag} ${event.batches.toString()}`)
    this.room -= 1
    return this.room > 0
  }

  state(event: PartitionState): boolean {
    this.states.push(event)
    const what = event.error === null ? `at ${event.nextOffset}` : event.error.code
    this.events.push(`${event.topic}-${event.partition} #${event.tag} ${what}`)
    return this.room > 0
  }

  heartbeat(timeMs: number): void {
    this.heartbeats.push(timeMs)
  }

  take(): string[] {
    return this.events.splice(0)
  }
}

let clock: ManualClock
let partitions: MemoryPartitions
let sink: RecordingSink
let session: FetchSession

beforeEach(() => {
  clock = new ManualClock()
  partitions = new MemoryPartitions()
  sink = new RecordingSink()
  session = open()
})

function open(options: { maxPushBytes?: number; maxPartitions?: number } = {}): FetchSession {
  return new FetchSession(sink, { clock, partitions, maxPartitions: 100, ...options })
}

function from(topic: string, offset: number | Position = 0, tag = 1): PartitionStart {
  const start = typeof offset === 'number' ? ({ kind: 'offset', offset } as const) : offset
  return { topic, partition: 0, start, tag }
}

describe('pushing', () => {
  test('begins with where a partition starts, and goes on as records come', async () => {
    const log = partitions.add('a')
    log.publish('one')
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 0', 'a-0 #1 one'])

    log.publish('two')
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 two'])
  })

  test('shows nothing above the high watermark', async () => {
    const log = partitions.add('a')
    session.credit(1000)
    session.assign([from('a')])
    log.append('one')
    log.append('two')
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 0'])

    log.advance(1)
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 one'])
    expect(sink.pushed[0]).toMatchObject({ highWatermark: 1, logStartOffset: 0 })
  })

  test('gives each partition its turn, whatever another has to offer', async () => {
    session = open({ maxPushBytes: 4 })
    for (const topic of ['a', 'b', 'c']) {
      const log = partitions.add(topic)
      for (let n = 0; n < (topic === 'a' ? 5 : 2); n++) log.publish(`${topic}${n}--`)
    }
    session.credit(1000)
    session.assign([from('a'), from('b'), from('c')])
    await clock.settle()

    const order = sink.pushed.map(({ batches }) => batches.toString().slice(0, 2))
    expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'a3', 'a4'])
  })

  test('lets others run after four megabytes, and then goes on', async () => {
    const log = partitions.add('a')
    for (let n = 0; n < 20; n++) log.publish(Buffer.alloc(512 * 1024))
    session.credit(2 ** 40)
    session.assign([from('a')])

    clock.endTurn()
    expect(sink.pushed).toHaveLength(8)
    await clock.settle()
    expect(sink.pushed).toHaveLength(20)
  })

  test('waits where compaction has left nothing below the high watermark', async () => {
    const log = partitions.add('a')
    for (const content of ['one', 'two', 'three']) log.publish(content)
    log.compact(1, 3)
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 0', 'a-0 #1 one'])
    expect(clock.endTurn()).toBe(0)
    log.publish('four')
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 four'])
  })

  test('needs no turn of the event loop while nothing happens', async () => {
    partitions.add('a').publish('one')
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    expect(clock.endTurn()).toBe(0)
  })
})

describe('credit', () => {
  test('is needed for batches, but not for states', async () => {
    partitions.add('a').publish('one')
    session.assign([from('a')])
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 0'])

    session.credit(1)
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 one'])
    expect(session.creditBytes).toBe(-2)
  })

  test('has to be positive again before the next push', async () => {
    const log = partitions.add('a')
    session.assign([from('a')])
    session.credit(1)
    for (const content of ['first', 'other']) log.publish(content)
    await clock.settle()
    session.credit(4)
    await clock.settle()
    expect(sink.pushed).toHaveLength(1)
    session.credit(1)
    await clock.settle()
    expect(sink.pushed).toHaveLength(2)
  })
})

describe('back-pressure', () => {
  test('holds everything until the sink takes more', async () => {
    const log = partitions.add('a')
    log.publish('one')
    session = open({ maxPushBytes: 1 })
    sink.room = 1
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    sink.take()

    log.publish('two')
    session.seek(from('a', 1, 2))
    partitions.add('b').publish('three')
    session.assign([from('b')])
    await clock.settle()
    expect(sink.take()).toEqual([])

    sink.room = Infinity
    session.resumeSink()
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #2 at 1', 'b-0 #1 at 0', 'a-0 #2 two', 'b-0 #1 three'])
  })

  test('keeps only the last of many states that wait for one partition', async () => {
    const log = partitions.add('a')
    for (let n = 0; n < 9; n++) log.publish('x')
    sink.room = 0
    session.assign([from('a', 0, 0)])
    clock.endTurn()
    sink.take()
    for (let tag = 1; tag < 9; tag++) session.seek(from('a', tag, tag))
    clock.endTurn()
    expect(sink.take()).toEqual([])
    sink.room = Infinity
    session.resumeSink()
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #8 at 8'])
  })
})

describe('seek', () => {
  test('marks all that follows with the new tag', async () => {
    const log = partitions.add('a')
    log.publish('one')
    log.publish('two')
    session.credit(1000)
    session.assign([from('a', 1)])
    await clock.settle()
    session.seek(from('a', 0, 7))
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 1', 'a-0 #1 two', 'a-0 #7 at 0', 'a-0 #7 onetwo'])
  })

  test('drops what an older read brings from the disk', async () => {
    const log = partitions.add('a')
    log.publish('one')
    log.publish('two')
    log.cold = true
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    session.seek(from('a', 1, 2))
    await clock.settle()
    log.finishColdReads()
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 0', 'a-0 #2 at 1', 'a-0 #2 two'])
  })

  test('goes to the earliest, the latest, a time', async () => {
    const log = partitions.add('a')
    for (let n = 0; n < 6; n++) log.publish('x')
    log.trim(2)
    session.assign([from('a', { kind: 'earliest' }, 1)])
    await clock.settle()
    session.seek(from('a', { kind: 'latest' }, 2))
    await clock.settle()
    session.seek(from('a', { kind: 'timestamp', timestampMs: 4 }, 3))
    await clock.settle()
    session.seek(from('a', { kind: 'timestamp', timestampMs: 99 }, 4))
    await clock.settle()
    expect(sink.states.map(({ nextOffset }) => nextOffset)).toEqual([2, 6, 4, 6])
  })

  test('of a partition that is not assigned is an error for it alone', async () => {
    partitions.add('a')
    session.seek(from('a', 0, 3))
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #3 INVALID_REQUEST'])
  })
})

describe('assigning', () => {
  test('twice is refused, and leaves the first alone', async () => {
    const log = partitions.add('a')
    session.credit(1000)
    session.assign([from('a')])
    session.assign([from('a', 0, 2)])
    log.publish('one')
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #2 INVALID_REQUEST', 'a-0 #1 at 0', 'a-0 #1 one'])
  })

  test('a partition that is not there is a state, and a seek tries again', async () => {
    session.assign([from('a')])
    await clock.settle()
    partitions.add('a')
    session.seek(from('a', 0, 2))
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 UNKNOWN_TOPIC_OR_PARTITION', 'a-0 #2 at 0'])
  })

  test('too many is refused as a whole', () => {
    session = open({ maxPartitions: 2 })
    const starts = ['a', 'b', 'c'].map((topic) => from(topic))
    expect(() => session.assign(starts)).toThrow(/INVALID_REQUEST/)
    expect(session.partitionCount).toBe(0)
  })

  test('ends with unassign, whatever was on its way', async () => {
    const log = partitions.add('a')
    log.publish('one')
    log.cold = true
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    session.unassign([from('a')])
    log.finishColdReads()
    log.publish('two')
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 0'])
    expect(log.waiters.size).toBe(0)
  })
})

describe('pause', () => {
  test('stops the partition until resume', async () => {
    const log = partitions.add('a')
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    session.pause([from('a')])
    log.publish('one')
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 0'])
    expect(log.waiters.size).toBe(0)
    session.resume([from('a')])
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 one'])
  })

  test('holds nothing of what the disk brings meanwhile, and reads it again', async () => {
    const log = partitions.add('a')
    log.publish('one')
    log.cold = true
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    session.pause([from('a')])
    log.finishColdReads()
    await clock.settle()
    expect(sink.pushed).toEqual([])
    session.resume([from('a')])
    await clock.settle()
    expect(log.coldReadCount).toBe(1)
    log.finishColdReads()
    await clock.settle()
    expect(sink.pushed).toHaveLength(1)
  })
})

describe('reads from the disk', () => {
  test('are few at a time, and hold few bytes while credit is short', async () => {
    const logs = Array.from({ length: 30 }, (_, n) => partitions.add(`t${n}`))
    let reads = 0
    for (const log of logs) {
      log.publish('0123456789')
      log.cold = true
      const original = log.read.bind(log)
      log.read = (offset, limits) => {
        reads += 1
        return original(offset, limits)
      }
    }
    session.assign(logs.map(({ topic }) => from(topic)))
    for (let round = 0; round < 30; round++) {
      session.credit(10)
      await clock.settle()
      for (const log of logs) log.finishColdReads()
      await clock.settle()
      expect(reads - sink.pushed.length).toBeLessThanOrEqual(4)
    }
    expect(sink.pushed).toHaveLength(30)
  })

  test('do not hold up partitions that need none', async () => {
    const [cold, hot] = [partitions.add('cold'), partitions.add('hot')]
    cold.publish('one')
    cold.cold = true
    hot.publish('two')
    session.credit(1000)
    session.assign([from('cold'), from('hot')])
    await clock.settle()
    expect(sink.take().at(-1)).toBe('hot-0 #1 two')
    cold.finishColdReads()
    await clock.settle()
    expect(sink.take()).toEqual(['cold-0 #1 one'])
  })
})

describe('a partition fails', () => {
  test('when retention overtakes a slow reader, with the offsets that are there', async () => {
    const log = partitions.add('a')
    for (let n = 0; n < 5; n++) log.publish('x')
    session.assign([from('a')])
    await clock.settle()
    log.trim(3)
    session.credit(1000)
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 at 0', 'a-0 #1 OFFSET_OUT_OF_RANGE'])
    expect(sink.states[1]!.error!.facts).toEqual({ log_start_offset: 3, high_watermark: 5 })
    session.seek(from('a', { kind: 'earliest' }, 2))
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #2 at 3', 'a-0 #2 xx'])
  })

  test('when it starts beyond the end', async () => {
    partitions.add('a').publish('one')
    session.assign([from('a', 2), from('a', -1)])
    await clock.settle()
    expect(sink.take()).toContain('a-0 #1 OFFSET_OUT_OF_RANGE')
  })

  test('when its topic is deleted, while the others go on', async () => {
    partitions.add('a')
    const other = partitions.add('b')
    session.credit(1000)
    session.assign([from('a'), from('b')])
    await clock.settle()
    sink.take()
    partitions.delete('a')
    other.publish('one')
    await clock.settle()
    expect(sink.take()).toEqual(['a-0 #1 UNKNOWN_TOPIC_OR_PARTITION', 'b-0 #1 one'])
  })
})

describe('heartbeats', () => {
  test('come after 15 seconds of silence, and only then', async () => {
    const log = partitions.add('a')
    session.credit(1000)
    session.assign([from('a')])
    await clock.settle()
    clock.advance(10_000)
    log.publish('one')
    await clock.settle()
    clock.advance(14_999)
    expect(sink.heartbeats).toEqual([])
    clock.advance(1)
    expect(sink.heartbeats).toEqual([clock.now()])
    clock.advance(15_000)
    expect(sink.heartbeats).toHaveLength(2)
  })
})

test('close leaves nothing behind', async () => {
  const log = partitions.add('a')
  session.credit(1000)
  session.assign([from('a')])
  await clock.settle()
  session.close()
  log.publish('one')
  clock.advance(60_000)
  await clock.settle()
  expect(sink.take()).toEqual(['a-0 #1 at 0'])
  expect([log.waiters.size, clock.timerCount]).toEqual([0, 0])
})

// The model: each partition's content is the text of its offsets. Whatever the order of events, what
// a tag has brought is the content from where it started, without gap or repetition; credit is
// overdrawn by one push at most; and once all is quiet, everything has arrived.
test.each([1, 2, 3, 4, 5, 6, 7, 8])('random histories, seed %i', async (seed) => {
  const random = new SeededRandom(seed)
  const topics = ['a', 'b', 'c', 'd']
  const tags = new Map<string, { tag: number; next: number }>()
  session = open({ maxPushBytes: 40 })
  session.close()
  let nextTag = 1
  const read = new Map<string, number>()
  let least = 0
  let largest = 0

  sink.batches = ({ topic, tag, batches, highWatermark }) => {
    const key = `${topic}#${tag}`
    for (const text of batches.toString().split(';').slice(0, -1)) {
      expect(Number(text), `seed ${seed}, ${key}`).toBe(read.get(key))
      expect(Number(text)).toBeLessThan(highWatermark)
      read.set(key, Number(text) + 1)
    }
    expect(tag, `seed ${seed}: nothing of an older tag after a state`).toBe(tags.get(topic)!.tag)
    largest = Math.max(largest, batches.byteLength)
    least = Math.min(least, session.creditBytes)
    return !random.chance(0.3)
  }
  sink.state = ({ topic, tag, nextOffset, error }) => {
    expect(error).toBeNull()
    tags.set(topic, { tag: Number(tag), next: nextOffset })
    read.set(`${topic}#${tag}`, nextOffset)
    return !random.chance(0.1)
  }
  session = open({ maxPushBytes: 40 })
  const logs = topics.map((topic) => partitions.add(topic))
  session.assign(topics.map((topic) => from(topic, 0, nextTag++)))

  for (let step = 0; step < 800; step++) {
    const log = random.pick(logs)
    const text = `${log.endOffset};`
    const actions = [
      () => log.append(text),
      () => log.append(text),
      () => log.append(text),
      () => log.advance(random.between(log.highWatermark, log.endOffset)),
      () => (log.cold = !log.cold),
      () => log.finishColdReads(),
      () => session.credit(random.below(12)),
      () => session.resumeSink(),
      () => session.pause([log]),
      () => session.resume([log]),
      () =>
        random.chance(0.3) &&
        session.seek(from(log.topic, random.below(log.highWatermark + 1), nextTag++)),
      () => clock.endTurn(),
    ]
    random.pick(actions)()
    if (random.chance(0.3)) await Promise.resolve()
  }

  session.resume(logs)
  session.credit(1_000_000)
  for (const log of logs) {
    log.cold = false
    log.advance()
  }
  for (let round = 0; round < 200; round++) {
    for (const log of logs) log.finishColdReads()
    session.resumeSink()
    await clock.settle()
  }
  for (const log of logs) {
    const key = `${log.topic}#${tags.get(log.topic)!.tag}`
    expect(read.get(key), `seed ${seed}, ${key}`).toBe(log.endOffset)
    expect(log.waiters.size).toBe(1)
  }
  expect(least).toBeGreaterThanOrEqual(-largest)
})
