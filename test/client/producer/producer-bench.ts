// A producer over a broker in memory, and what tests of it do again and again.

import { Producer } from '../../../src/client/producer/producer.ts'
import type { ProducerOptions } from '../../../src/client/producer/producer-options.ts'
import type { RecordMetadata } from '../../../src/client/producer/batch.ts'
import type { SluiceError } from '../../../src/client/errors.ts'
import type { Serialized } from '../../../src/client/serializers.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { MemoryTransport } from '../../support/memory-transport.ts'
import type { ProduceFault } from '../../support/memory-transport.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

export type Outcome = RecordMetadata | SluiceError | null

export interface Bench {
  readonly transport: MemoryTransport
  readonly clock: ManualClock
  readonly producer: Producer
  /** Outcome of each value that was sent; null while there is none. */
  readonly outcomes: Map<string, Outcome>
  send(value: string, partition?: number): void
}

/** A producer over a broker in memory that has the topic `clicks`. */
export function producerBench(
  options: ProducerOptions<Serialized, Serialized> = {},
  partitions = 1,
): Bench {
  const transport = new MemoryTransport()
  transport.createTopicNow('clicks', partitions)
  const clock = new ManualClock()
  const random = new SeededRandom(11)
  const producer = new Producer({ transport, clock, random, lingerMs: 0, ...options })
  const outcomes = new Map<string, Outcome>()
  return {
    transport,
    clock,
    producer,
    outcomes,
    send(value, partition = 0) {
      outcomes.set(value, null)
      producer.send({ topic: 'clicks', value, partition }).then(
        (metadata) => outcomes.set(value, metadata),
        (error: SluiceError) => outcomes.set(value, error),
      )
    },
  }
}

/** Sends values as one batch each. */
export async function sendEach({ clock, send }: Bench, values: readonly string[]): Promise<void> {
  for (const value of values) {
    send(value)
    await clock.settle()
  }
}

export async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    await clock.settle()
    clock.advance(Math.min(50, left))
  }
  await clock.settle()
}

export function codes({ outcomes }: Bench): (string | number | null)[] {
  return [...outcomes.values()].map((outcome) => {
    if (outcome === null) return null
    return 'offset' in outcome ? outcome.offset : outcome.code
  })
}

/** Gives these faults to the requests, in their order, and none to later ones. */
export function faults(transport: MemoryTransport, list: readonly (ProduceFault | null)[]): void {
  const left = [...list]
  transport.fault = () => left.shift() ?? null
}

/** The topic is known before faults begin. */
export async function warm({ producer, clock }: Bench): Promise<void> {
  const sends = [0, 1, 2].map((partition) => {
    return producer.send({ topic: 'clicks', value: 'warm', partition })
  })
  await pass(clock, 50)
  await Promise.all(sends)
}
