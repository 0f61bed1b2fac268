// Transactional producers over a cluster in memory, with the broker's own coordinator.

import type { ErrorCode } from '../../../../src/base/errors.ts'
import { SluiceError } from '../../../../src/client/errors.ts'
import { Producer } from '../../../../src/client/producer/producer.ts'
import type { ProducerOptions } from '../../../../src/client/producer/producer-options.ts'
import { stringSerde } from '../../../../src/client/serializers.ts'
import type { TransactionCalls } from '../../../../src/client/transaction-calls.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { MemoryTransport, type ProduceFault } from '../../../support/memory-transport.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'

export type TextProducer = Producer<string, string>

type Options = {
  readonly [Name in keyof ProducerOptions<string, string>]?:
    ProducerOptions<string, string>[Name] | undefined
}

/** An error in place of an answer: with the call handled before, or not at all. */
export interface CallFault {
  readonly code: ErrorCode
  readonly after: boolean
}

export class TransactionBench {
  readonly clock = new ManualClock()
  readonly transport = new MemoryTransport(this.clock)
  readonly producer: TextProducer
  readonly #faults = new Map<keyof TransactionCalls, CallFault[]>()
  #seed = 0

  /** @param options of the producer; `version` is the protocol that the brokers keep to */
  constructor({ version = 2, ...options }: { readonly version?: 1 | 2 } & Options = {}) {
    this.transport.createTopicNow('clicks', 3)
    this.transport.transactions.version = version
    this.transport.transactions.fault = (call) => {
      const fault = this.#faults.get(call)?.shift()
      return fault === undefined ? null : { error: new SluiceError(fault.code), after: fault.after }
    }
    this.producer = this.make(options)
  }

  /** A producer of the same transactional id, unless another is given. */
  make(options: Options = {}): TextProducer {
    const { transport, clock } = this
    const random = new SeededRandom(++this.#seed)
    const given = {
      ...{ transport, clock, random, transactionalId: 't', lingerMs: 0 },
      ...{ keySerializer: stringSerde, valueSerializer: stringSerde, ...options },
    }
    const told = Object.entries(given).filter(([, value]) => value !== undefined)
    return new Producer(Object.fromEntries(told) as ProducerOptions<string, string>)
  }

  /** The next calls of this name fail so, in that order. */
  fail(call: keyof TransactionCalls, faults: readonly CallFault[]): void {
    this.#faults.set(call, [...faults])
  }

  /** The next requests of the producers fail so, in that order. */
  produceFaults(faults: readonly (ProduceFault | null)[]): void {
    const left = [...faults]
    this.transport.fault = () => left.shift() ?? null
  }

  /** Sends one record to each of the partitions in a transaction. */
  run(value: string, partitions = [0], producer = this.producer): Promise<void> {
    return producer.transaction(async (tx) => {
      const sent = partitions.map((partition) => tx.send({ topic: 'clicks', partition, value }))
      await Promise.all(sent)
    })
  }

  /** As `run`, and changes its mind. */
  runInVain(value: string): Promise<void> {
    return this.producer.transaction(async (tx) => {
      await tx.send({ topic: 'clicks', partition: 0, value })
      throw new Error('in vain')
    })
  }

  calls(name: string): number {
    return this.transport.calls.filter((each) => each === name).length
  }

  /** What readers of committed records may see of a partition. */
  committed(partition = 0): string[] {
    return this.transport.log('clicks', partition)!.committedValues()
  }

  async pass(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 50) {
      await this.#settle()
      this.clock.advance(50)
    }
    await this.#settle()
  }

  /** Lets time go by until there is one. @returns what it gives, or how it fails: 'done' for nothing */
  async outcome(promise: Promise<unknown>): Promise<unknown> {
    let found: unknown
    promise.then(
      (value) => void (found = value ?? 'done'),
      (error: unknown) => {
        found = error instanceof SluiceError ? error.code : (error as Error).message
      },
    )
    for (let passedMs = 0; passedMs < 600_000; passedMs += 50) {
      await this.#settle()
      if (found !== undefined) return found
      this.clock.advance(50)
    }
    throw new Error('nothing happens any more')
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await this.clock.settle()
  }
}
