// Consumers of a group over a cluster in memory with the broker's own coordinator, and a clock that the
// test moves.

import { Consumer } from '../../../../src/client/consumer/consumer.ts'
import type { ConsumerOptions } from '../../../../src/client/consumer/consumer-options.ts'
import { stringSerde } from '../../../../src/client/serializers.ts'
import type { PartitionRef } from '../../../../src/client/transport.ts'
import { BatchBuilder } from '../../../../src/record/batch-builder.ts'
import { sharedCore } from '../../../../src/record/shared-core.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { MemoryTransport } from '../../../support/memory-transport.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'

export type TextConsumer = Consumer<string, string>

/** A cluster with one topic, and consumers that share a clock. */
export class Bench {
  readonly clock = new ManualClock()
  readonly transport = new MemoryTransport(this.clock)
  readonly events: string[] = []
  #seed = 0

  constructor(partitions = 2) {
    this.transport.createTopicNow('clicks', partitions)
  }

  consumer(options: ConsumerOptions<string, string> = {}): TextConsumer {
    return new Consumer<string, string>({
      groupId: 'g',
      autoOffsetReset: 'earliest',
      transport: this.transport,
      clock: this.clock,
      random: new SeededRandom(++this.#seed),
      keyDeserializer: stringSerde,
      valueDeserializer: stringSerde,
      ...options,
    })
  }

  /** Subscribes, and notes what it is told under a name. */
  async join(consumer: TextConsumer, name = 'a'): Promise<void> {
    const note = (event: string) => (partitions: readonly PartitionRef[]) => {
      const numbers = partitions.map(({ partition }) => partition).toSorted((a, b) => a - b)
      this.events.push(`${name} ${event} ${numbers.join()}`)
    }
    const callbacks = { onAssigned: note('+'), onRevoked: note('-'), onLost: note('lost') }
    await this.drive(consumer.subscribe('clicks', callbacks))
    await this.settle()
  }

  store(partition: number, ...values: string[]): void {
    const log = this.transport.log('clicks', partition)!
    const builder = new BatchBuilder(sharedCore(), 1024 * 1024)
    for (const value of values) builder.append('key', value, 1_000)
    log.append(builder.build())
    for (const stream of this.transport.openFetchStreams) stream.pump()
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await this.clock.settle()
  }

  /** Lets time go by in small steps. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      this.clock.advance(500)
      await this.settle()
    }
  }

  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const seen = promise.finally(() => (settled = true))
    seen.catch(() => {})
    for (let turn = 0; !settled && turn < 1_000; turn++) await this.clock.settle()
    if (!settled) throw new Error('nothing happens any more')
    return await seen
  }

  /** What the group has committed in clicks, by partition. */
  async committed(): Promise<Record<string, number>> {
    const outside = { groupId: 'g', memberId: '', memberEpoch: -1, instanceId: null }
    const all = await this.transport.groups.fetchOffsets(outside, null)
    const offsets = all.filter(({ topic }) => topic === 'clicks')
    return Object.fromEntries(offsets.map(({ partition, offset }) => [partition, offset]))
  }

  async members(): Promise<number> {
    const group = await this.transport.groups.describeGroup('g').catch(() => null)
    return group?.members.length ?? 0
  }
}

/** Reads in the background, and shows what came. */
export class Reader {
  readonly values: string[] = []
  readonly done: Promise<void>
  error: unknown = null

  /** @param process awaited for each record */
  constructor(consumer: TextConsumer, process: (value: string) => Promise<void> | void = () => {}) {
    this.done = (async () => {
      try {
        for await (const { value } of consumer) {
          this.values.push(value!)
          await process(value!)
        }
      } catch (error) {
        this.error = error
      }
    })()
  }
}

export function partitionsOf(consumer: TextConsumer): number[] {
  return consumer
    .assignment()
    .map(({ partition }) => partition)
    .toSorted((a, b) => a - b)
}

/** A promise that the test settles. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  return { opened, open }
}
