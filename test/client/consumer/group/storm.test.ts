// Storms over consumers of a group: they come, leave, die without a word, get stuck over a record, are
// paused, lose the broker; topics grow. At every step nothing is committed that was not processed; in
// the end everything was processed, and each partition has one reader.

import { expect, test } from 'vitest'
import { Consumer } from '../../../../src/client/consumer/consumer.ts'
import { SluiceError } from '../../../../src/client/errors.ts'
import { stringSerde } from '../../../../src/client/serializers.ts'
import type { Transport } from '../../../../src/client/transport.ts'
import { BatchBuilder } from '../../../../src/record/batch-builder.ts'
import { sharedCore } from '../../../../src/record/shared-core.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { MemoryTransport } from '../../../support/memory-transport.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'

const SEEDS = 12
const STEPS = 120
const MOST_READERS = 4
const GROUP = { groupId: 'g', memberId: '', memberEpoch: -1, instanceId: null }

/** A consumer with a loop that may be stuck, and a line to the coordinator that may be cut. */
class Reader {
  readonly consumer: Consumer<Buffer, string>
  isCut = false
  #stuck: { readonly opened: Promise<void>; readonly open: () => void } | null = null

  constructor(storm: Storm, seed: number, byBatch: boolean) {
    const { clock } = storm
    this.consumer = new Consumer({
      ...{ groupId: 'g', autoOffsetReset: 'earliest', valueDeserializer: stringSerde },
      ...{ autoCommitIntervalMs: 1_000, maxPollIntervalMs: 60_000, requestTimeoutMs: 5_000 },
      ...{ clock, random: new SeededRandom(seed), transport: this.#line(storm.transport) },
    })
    this.consumer.subscribe('clicks').catch(() => {})
    void (byBatch ? this.#readBatches(storm) : this.#readRecords(storm))
  }

  get isStuck(): boolean {
    return this.#stuck !== null
  }

  stick(): void {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>()
    this.#stuck ??= { opened, open }
  }

  free(): void {
    this.#stuck?.open()
    this.#stuck = null
  }

  /** What the reader is done with is processed, whatever becomes of it. */
  async #readRecords(storm: Storm): Promise<void> {
    for await (const { partition, offset } of this.#loop(() => this.consumer.records())) {
      if (this.#stuck !== null) await this.#stuck.opened
      storm.processed(partition, offset)
    }
  }

  async #readBatches(storm: Storm): Promise<void> {
    for await (const batch of this.#loop(() => this.consumer.batches())) {
      const { partition } = batch
      const offsets = [...batch].map(({ offset }) => offset)
      if (this.#stuck !== null) await this.#stuck.opened
      for (const offset of offsets) storm.processed(partition, offset)
    }
  }

  /** A new loop where one has ended with an error. */
  async *#loop<T>(begin: () => AsyncIterableIterator<T>): AsyncGenerator<T, void> {
    for (;;) {
      try {
        yield* begin()
        return
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error
        if (error.code === 'CLOSED') return
      }
    }
  }

  #line(transport: MemoryTransport): Transport {
    const cut = new Set(['heartbeatGroup', 'commitOffsets', 'fetchOffsets'])
    return new Proxy<Transport>(transport, {
      get: (target, name: keyof Transport) => {
        const method = target[name].bind(target) as (...values: unknown[]) => unknown
        if (!cut.has(name)) return method
        return async (...values: unknown[]): Promise<unknown> => {
          if (this.isCut) throw new SluiceError('NETWORK_EXCEPTION')
          const answer = await method(...values)
          if (this.isCut) throw new SluiceError('NETWORK_EXCEPTION')
          return answer
        }
      },
    })
  }
}

class Storm {
  readonly random: SeededRandom
  readonly clock = new ManualClock()
  readonly transport = new MemoryTransport(this.clock)
  readers: Reader[] = []
  readonly #processed: Set<number>[] = []
  #born = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.transport.createTopicNow('clicks', 3)
  }

  processed(partition: number, offset: number): void {
    while (this.#processed.length <= partition) this.#processed.push(new Set())
    this.#processed[partition]!.add(offset)
  }

  async step(): Promise<void> {
    const { random } = this
    const dice = random.below(100)
    const reader = this.readers.length === 0 ? null : random.pick(this.readers)
    if (dice < 30) this.#store()
    else if (dice < 50) await this.pass(random.between(100, 3_000))
    else if (dice < 60) this.#start()
    else if (dice < 66 && reader !== null) await this.#close(reader)
    else if (dice < 72 && reader !== null) reader.isCut = !reader.isCut
    else if (dice < 78 && reader !== null) reader.stick()
    else if (dice < 84) this.readers.forEach((each) => each.free())
    else if (dice < 87 && reader !== null) reader.consumer.pause()
    else if (dice < 90 && reader !== null) reader.consumer.resume()
    else if (dice < 93 && reader?.isStuck === false) reader.consumer.commit().catch(() => {})
    else if (dice < 95) this.#toggleBroker()
    else if (dice < 96) this.#grow()
    else await this.pass(random.between(20_000, 70_000))
    await this.settle()
    await this.check()
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      this.clock.advance(500)
      await this.settle()
    }
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await this.clock.settle()
  }

  /** Nothing below a committed offset may be unprocessed. */
  async check(): Promise<void> {
    const committed = await this.transport.groups.fetchOffsets(GROUP, null)
    for (const { partition, offset } of committed) {
      for (let at = 0; at < offset; at++) {
        const isKnown = this.#processed[partition]?.has(at) ?? false
        if (!isKnown) expect.fail(`seed ${this.random.seed}: ${partition}@${at} is below ${offset}`)
      }
    }
  }

  /** Everybody lives, nobody is stuck, and there is time. */
  async calm(): Promise<void> {
    this.transport.down = false
    if (this.readers.length === 0) this.#start()
    for (const reader of this.readers) {
      reader.isCut = false
      reader.free()
    }
    await this.pass(60_000)
    for (const { consumer } of this.readers) consumer.resume()
    await this.pass(90_000)
  }

  async close(): Promise<void> {
    for (const reader of this.readers) await this.#close(reader)
  }

  ends(): number[] {
    return this.transport.topics.get('clicks')!.logs.map(({ endOffset }) => endOffset)
  }

  #store(): void {
    const partition = this.random.below(this.ends().length)
    const log = this.transport.log('clicks', partition)!
    const builder = new BatchBuilder(sharedCore(), 64 * 1024)
    for (let n = this.random.between(1, 5); n > 0; n--) builder.append(null, 'x', 1_000)
    log.append(builder.build())
    for (const stream of this.transport.openFetchStreams) stream.pump()
  }

  #start(): void {
    if (this.readers.length >= MOST_READERS) return
    const seed = this.random.seed * 1_000 + this.#born++
    this.readers.push(new Reader(this, seed, this.random.chance(0.5)))
  }

  async #close(reader: Reader): Promise<void> {
    this.readers = this.readers.filter((each) => each !== reader)
    let isClosed = false
    void reader.consumer.close().then(() => (isClosed = true))
    for (let waited = 0; !isClosed && waited < 60; waited++) await this.pass(500)
    expect([this.random.seed, isClosed]).toEqual([this.random.seed, true])
    reader.free()
  }

  #toggleBroker(): void {
    this.transport.down = !this.transport.down
    if (this.transport.down) this.transport.disconnect()
  }

  #grow(): void {
    const { logs } = this.transport.topics.get('clicks')!
    if (logs.length < 6)
      this.transport.createPartitions('clicks', logs.length + 1, {}).catch(() => {})
  }
}

test('nothing is committed before it was processed, and nothing is left out', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const storm = new Storm(seed)
    for (let step = 0; step < STEPS; step++) await storm.step()
    await storm.calm()
    const owned = storm.readers.flatMap(({ consumer }) => consumer.assignment())
    const partitions = owned.map(({ partition }) => partition).toSorted((a, b) => a - b)
    expect([seed, partitions]).toEqual([seed, [...storm.ends().keys()]])
    const committed = await storm.transport.groups.fetchOffsets(GROUP, null)
    const byPartition = new Map(committed.map(({ partition, offset }) => [partition, offset]))
    const offsets = storm.ends().map((_, partition) => byPartition.get(partition) ?? 0)
    expect([seed, offsets]).toEqual([seed, storm.ends()])
    await storm.check()
    await storm.close()
  }
}, 120_000)
