// ProduceStream over Kafka: who gets what, in which order answers come, and what happens when leaders
// move, brokers go, or answers lack something.

import { describe, expect, test } from 'vitest'
import { openKafkaTransport } from '../../../src/client/kafka/open-transport.ts'
import type {
  Acks,
  BatchProduced,
  ProduceStream,
  Transport,
} from '../../../src/client/transport.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { testBatch } from '../../support/batches.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { HANG_UP } from '../../support/scripted-broker.ts'
import { ScriptedCluster } from '../../support/scripted-cluster.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const TOPIC = 'clicks'

class Bench {
  readonly clock = new ManualClock()
  readonly cluster: ScriptedCluster
  readonly transport: Transport
  readonly stream: ProduceStream
  /** What was told: `number: offset or error, …`, and how the stream ended. */
  readonly told: string[] = []
  #number = 0

  constructor(brokers = 2, partitions = 2) {
    this.cluster = new ScriptedCluster(brokers)
    this.cluster.createTopic(TOPIC, partitions)
    const random = new SeededRandom(3)
    const { bootstrap, network } = this.cluster
    const parts = { clock: this.clock, random, connect: network.connect }
    this.transport = openKafkaTransport({ bootstrap }, parts)
    this.stream = this.transport.openProduceStream({
      acked: (number, batches) => this.told.push(`${number}: ${batches.map(outcome).join()}`),
      closed: (error) => this.told.push(`closed ${error.code}`),
    })
  }

  /** Sends a request with one batch for each of the partitions. */
  send(partitions: readonly number[], acks: Acks = 'all', topic = TOPIC): void {
    const batches = partitions.map((partition) => {
      return { topic, partition, batch: testBatch({ records: [{ value: 'x'.repeat(1_000) }] }) }
    })
    this.stream.send({ number: this.#number++, acks, timeoutMs: 1_000, transaction: null, batches })
  }

  /** What was told since it was asked last. */
  async settled(): Promise<string[]> {
    await this.clock.settle()
    return this.told.splice(0)
  }
}

function outcome({ error, baseOffset }: BatchProduced): string {
  return error === null ? String(baseOffset) : error.code
}

describe('a produce stream', () => {
  test('gives each leader its batches, as they are', async () => {
    const bench = new Bench(2, 4)
    bench.send([0, 1, 2, 3])
    bench.send([1, 0])
    expect(await bench.settled()).toEqual(['0: 0,0,0,0', '1: 1,1'])
    const partitionsOf = (broker: number) => {
      return bench.cluster.brokers[broker]!.requests(PRODUCE).map(({ topicData }) => {
        return topicData[0]!.partitionData.map(({ index }) => index)
      })
    }
    expect(partitionsOf(0)).toEqual([[0, 2], [0]])
    expect(partitionsOf(1)).toEqual([[1, 3], [1]])
    expect(bench.cluster.log(TOPIC, 0).values()).toEqual(['x'.repeat(1_000), 'x'.repeat(1_000)])
  })

  test('asks for leaders once, and those behind wait', async () => {
    const bench = new Bench()
    for (let n = 0; n < 5; n++) bench.send([n % 2])
    expect(await bench.settled()).toEqual(['0: 0', '1: 0', '2: 1', '3: 1', '4: 2'])
    expect(bench.cluster.asked).toEqual([[TOPIC]])
  })

  test('answers in the order of the requests, whoever is faster', async () => {
    const bench = new Bench()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    bench.cluster.brokers[0]!.on(PRODUCE, async (request) => {
      await held
      return bench.cluster.produce(0, request)
    })
    bench.send([0])
    bench.send([1])
    expect(await bench.settled()).toEqual([])
    expect(bench.cluster.log(TOPIC, 1).endOffset).toBe(1)
    release()
    expect(await bench.settled()).toEqual(['0: 0', '1: 0'])
  })

  test('tells who is not the leader any more, and finds the new one', async () => {
    const bench = new Bench()
    bench.send([0, 1])
    expect(await bench.settled()).toEqual(['0: 0,0'])
    bench.cluster.move(TOPIC, 0, 1)
    bench.send([0, 1])
    expect(await bench.settled()).toEqual(['1: NOT_LEADER_OR_FOLLOWER,1'])
    bench.send([0, 1])
    expect(await bench.settled()).toEqual(['2: 1,2'])
  })

  test('lets no batch overtake those that are in flight to the leader before', async () => {
    const bench = new Bench()
    bench.send([0, 1])
    await bench.settled()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const [old] = bench.cluster.brokers
    old!.on(PRODUCE, async (request) => {
      await held
      return bench.cluster.produce(0, request)
    })
    bench.send([0])
    bench.cluster.move(TOPIC, 0, 1)
    bench.cluster.move(TOPIC, 1, 0)
    // Its refusal has all leaders of the topic asked for again.
    bench.send([1])
    await bench.clock.settle()
    bench.send([0])
    expect(await bench.settled()).toEqual([])
    release()
    expect(await bench.settled()).toEqual([
      '1: NOT_LEADER_OR_FOLLOWER',
      '2: NOT_LEADER_OR_FOLLOWER',
      '3: NOT_LEADER_OR_FOLLOWER',
    ])
    expect(bench.cluster.log(TOPIC, 0).endOffset).toBe(1)
  })

  test('without acks tells that a batch was sent, not where it is', async () => {
    const bench = new Bench()
    bench.send([0, 1], 0)
    expect(await bench.settled()).toEqual(['0: -1,-1'])
    expect(bench.cluster.log(TOPIC, 1).endOffset).toBe(1)
  })

  test('refuses partitions and topics that are not there, and those alone', async () => {
    const bench = new Bench()
    bench.send([0, 7])
    bench.send([0], 'all', 'missing')
    expect(await bench.settled()).toEqual([
      '0: 0,UNKNOWN_TOPIC_OR_PARTITION',
      '1: UNKNOWN_TOPIC_OR_PARTITION',
    ])
  })

  test('refuses partitions without a leader for now', async () => {
    const bench = new Bench()
    bench.cluster.move(TOPIC, 0, -1)
    bench.send([0, 1])
    expect(await bench.settled()).toEqual(['0: LEADER_NOT_AVAILABLE,0'])
  })

  test('that loses one broker knows nothing of what was in flight there, and goes on', async () => {
    const bench = new Bench()
    bench.send([0, 1])
    await bench.settled()
    bench.cluster.brokers[0]!.on(PRODUCE, () => HANG_UP)
    bench.send([0, 1])
    bench.send([0, 1])
    expect(await bench.settled()).toEqual(['1: NETWORK_EXCEPTION,1', '2: NETWORK_EXCEPTION,2'])
    bench.cluster.brokers[0]!.on(PRODUCE, (request) => bench.cluster.produce(0, request))
    bench.send([0])
    expect(await bench.settled()).toEqual(['3: 1'])
  })

  test('leaves a broker in peace for a while that it could not reach', async () => {
    const bench = new Bench(1, 1)
    const [broker] = bench.cluster.brokers
    bench.send([0])
    await bench.settled()
    broker!.down = true
    broker!.hangUp()
    await bench.settled()
    bench.send([0])
    expect(await bench.settled()).toEqual(['1: NETWORK_EXCEPTION'])
    broker!.down = false
    bench.send([0])
    expect(await bench.settled()).toEqual(['2: NETWORK_EXCEPTION'])
    bench.clock.advance(100)
    bench.send([0])
    expect(await bench.settled()).toEqual(['3: 1'])
  })

  test('gives up on an answer that does not come', async () => {
    const bench = new Bench(1, 1)
    bench.send([0])
    await bench.settled()
    bench.cluster.brokers[0]!.on(PRODUCE, () => new Promise(() => {}))
    bench.send([0])
    await bench.settled()
    bench.clock.advance(2_000)
    expect(await bench.settled()).toEqual(['1: REQUEST_TIMED_OUT'])
  })

  test('takes silence about a batch for no success', async () => {
    const bench = new Bench(1, 2)
    bench.cluster.brokers[0]!.on(PRODUCE, (request) => {
      const { responses, ...rest } = bench.cluster.produce(0, request)
      const [topic] = responses
      const partitionResponses = topic!.partitionResponses.slice(1)
      const other = { name: 'other', partitionResponses }
      return { ...rest, responses: [other, { ...topic!, partitionResponses }] }
    })
    bench.send([0, 1])
    expect(await bench.settled()).toEqual(['0: UNKNOWN_SERVER_ERROR,0'])
  })

  test('puts two batches of one partition into two requests', async () => {
    const bench = new Bench(1, 1)
    bench.send([0, 0])
    expect(await bench.settled()).toEqual(['0: 0,1'])
    expect(bench.cluster.brokers[0]!.requests(PRODUCE)).toHaveLength(2)
  })

  test('tells its end once, by whomever, and nothing after it', async () => {
    const bench = new Bench()
    bench.send([0])
    bench.stream.cancel()
    bench.stream.cancel()
    bench.send([0])
    expect(await bench.settled()).toEqual(['closed NETWORK_EXCEPTION'])
    bench.transport.close()
    const other = bench.transport.openProduceStream({
      acked: () => {},
      closed: (error) => bench.told.push(`other closed ${error.code}`),
    })
    expect(bench.told).toEqual([])
    expect(await bench.settled()).toEqual(['other closed CLOSED'])
    other.cancel()
  })
})
