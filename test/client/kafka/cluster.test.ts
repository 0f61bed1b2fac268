// Whom the client asks: the list that it began with, the brokers that it has heard of, and how often.

import { describe, expect, test } from 'vitest'
import { SluiceError } from '../../../src/client/errors.ts'
import { Cluster } from '../../../src/client/kafka/cluster.ts'
import { Deadline } from '../../../src/client/kafka/deadline.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedCluster } from '../../support/scripted-cluster.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

class Bench {
  readonly clock = new ManualClock()
  readonly brokers: ScriptedCluster
  readonly cluster: Cluster

  constructor(brokers: number) {
    this.brokers = new ScriptedCluster(brokers)
    const bootstrap = this.brokers.brokers.map((_, id) => ({ host: 'memory', port: 9_000 + id }))
    this.cluster = new Cluster(bootstrap, {
      connect: this.brokers.network.connect,
      clock: this.clock,
      random: new SeededRandom(1),
      clientId: 'test',
      connectTimeoutMs: 5_000,
      authenticate: null,
    })
  }

  async read(timeoutMs = 1_000): Promise<string> {
    const read = this.cluster.readMetadata([], new Deadline(this.clock, timeoutMs))
    return await read.then(
      ({ clusterId }) => clusterId ?? '',
      (error: unknown) => SluiceError.from(error).message,
    )
  }

  /** How many metadata requests each broker has got. */
  get asked(): number[] {
    return this.brokers.brokers.map((broker) => broker.requests(METADATA).length)
  }
}

describe('the list of brokers', () => {
  test('is gone through until one answers, which is asked from then on', async () => {
    const bench = new Bench(3)
    bench.brokers.brokers[0]!.down = true
    expect(await bench.read()).toBe('memory')
    expect(await bench.read()).toBe('memory')
    expect(bench.asked).toEqual([0, 2, 0])
  })

  test('stays, when a broker goes that was asked before', async () => {
    const bench = new Bench(2)
    await bench.read()
    bench.brokers.brokers[0]!.down = true
    bench.brokers.brokers[0]!.hangUp()
    await bench.clock.settle()
    expect(await bench.read()).toBe('memory')
    expect(bench.asked).toEqual([1, 1])
  })

  test('is told with the reason when nobody is there', async () => {
    const bench = new Bench(1)
    await bench.read()
    bench.brokers.brokers[0]!.down = true
    bench.brokers.brokers[0]!.hangUp()
    await bench.clock.settle()
    expect(await bench.read()).toMatch(/^NETWORK_EXCEPTION: connect ECONNREFUSED memory:9000/)
    expect(await bench.read()).toMatch(/^NETWORK_EXCEPTION: .*a moment ago/)
    bench.brokers.brokers[0]!.down = false
    bench.clock.advance(100)
    expect(await bench.read()).toBe('memory')
  })

  test('is not waited for longer than a call may take', async () => {
    const bench = new Bench(1)
    bench.brokers.brokers[0]!.mute = true
    const read = bench.read(200)
    await bench.clock.settle()
    bench.clock.advance(200)
    expect(await read).toMatch(/^REQUEST_TIMED_OUT/)
  })
})

test('metadata that is wanted in one turn is asked for together', async () => {
  const bench = new Bench(1)
  for (const name of ['a', 'b', 'c', 'd']) bench.brokers.createTopic(name)
  const first = bench.cluster.loadTopics(['a'])
  const together = bench.cluster.loadTopics(['b'])
  await bench.clock.settle()
  const later = [bench.cluster.loadTopics(['c']), bench.cluster.loadTopics(['d', 'c'])]
  await Promise.all([first, together, ...later])
  expect(bench.brokers.asked.map((names) => names.join())).toEqual(['a,b', 'c,d'])
  expect(bench.cluster.metadata.knows('d', 0)).toBe(true)
})

test('a cluster that was closed says so to whoever asks', async () => {
  const bench = new Bench(1)
  await bench.read()
  const asked = bench.read()
  bench.cluster.close()
  expect(await asked).toMatch(/^CLOSED/)
  expect(await bench.read()).toMatch(/^CLOSED/)
})
