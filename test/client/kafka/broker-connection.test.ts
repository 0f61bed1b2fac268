// One connection: negotiation, order, time, and brokers that do not keep to the protocol.

import { describe, expect, test } from 'vitest'
import { SluiceError } from '../../../src/client/errors.ts'
import { BrokerConnection } from '../../../src/client/kafka/broker-connection.ts'
import { DESCRIBE_CLUSTER } from '../../../src/protocol/kafka/gen/describe-cluster.ts'
import { LIST_GROUPS } from '../../../src/protocol/kafka/gen/list-groups.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { HANG_UP, RawBody, SILENCE, ScriptedNetwork } from '../../support/scripted-broker.ts'
import type { ScriptedBroker } from '../../support/scripted-broker.ts'

const TIMEOUT_MS = 1_000

const NO_BROKERS = { brokers: [], topics: [], clusterId: 'memory' }

class Bench {
  readonly clock = new ManualClock()
  readonly broker: ScriptedBroker
  readonly connection: BrokerConnection

  constructor(prepare: (broker: ScriptedBroker) => void = () => {}) {
    const network = new ScriptedNetwork()
    this.broker = network.broker(1)
    this.broker.on(METADATA, () => NO_BROKERS)
    prepare(this.broker)
    this.connection = new BrokerConnection(
      { host: 'memory', port: 1 },
      {
        connect: network.connect,
        clock: this.clock,
        clientId: 'test',
        connectTimeoutMs: 5_000,
        authenticate: null,
      },
    )
  }

  /** Asks for metadata. What became of it is looked at later. */
  ask(timeoutMs = TIMEOUT_MS): Promise<string> {
    const answer = this.connection.call(METADATA, { topics: [] }, timeoutMs)
    return answer.then(
      ({ clusterId }) => clusterId ?? '',
      (error: { code: string }) => error.code,
    )
  }
}

describe('a connection', () => {
  test('speaks the highest version that both sides know', async () => {
    const bench = new Bench((broker) => broker.serve(METADATA, [0, 7]))
    expect(await bench.ask()).toBe('memory')
    expect(bench.broker.versionsOf(METADATA)).toEqual([7])
  })

  test.each([0, 1, 2, 3])(
    'copes with a broker that knows ApiVersions up to %i',
    async (version) => {
      const bench = new Bench((broker) => {
        broker.apiVersionsUpTo = version
      })
      expect(await bench.ask()).toBe('memory')
    },
  )

  test('refuses what the broker does not serve, and goes on', async () => {
    const bench = new Bench((broker) => broker.serve(LIST_GROUPS, null))
    await bench.connection.ready()
    expect(bench.connection.versionOf(LIST_GROUPS)).toBeNull()
    await expect(bench.connection.call(LIST_GROUPS, {}, TIMEOUT_MS)).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
      facts: { api: 'ListGroups', broker: 'none' },
    })
    expect(await bench.ask()).toBe('memory')
  })

  test('refuses what a version can’t say, and goes on', async () => {
    const bench = new Bench((broker) => broker.serve(LIST_GROUPS, [0, 3]))
    await expect(
      bench.connection.call(LIST_GROUPS, { statesFilter: ['Stable'] }, TIMEOUT_MS),
    ).rejects.toMatchObject({ code: 'UNSUPPORTED_VERSION' })
    expect(await bench.ask()).toBe('memory')
  })

  test('has a bounded number of requests under way, and answers in their order', async () => {
    const bench = new Bench()
    const held: (() => void)[] = []
    bench.broker.on(METADATA, () => {
      return new Promise((resolve) => held.push(() => resolve(NO_BROKERS)))
    })
    await bench.connection.ready()
    const order: number[] = []
    const asked = Array.from({ length: 100 }, (_, n) => bench.ask().then(() => order.push(n)))
    await bench.clock.settle()
    expect(held).toHaveLength(64)
    for (let n = 0; n < 100; n++) {
      held[n]!()
      await bench.clock.settle()
    }
    await Promise.all(asked)
    expect(order).toEqual([...order.keys()])
  })

  test('refuses requests when too many wait', async () => {
    const bench = new Bench((broker) => {
      broker.mute = true
    })
    const waiting = Array.from({ length: 10_000 }, () => bench.ask())
    expect(await bench.ask()).toBe('BUFFER_FULL')
    bench.clock.advance(5_000)
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['REQUEST_TIMED_OUT']))
  })

  test('gives up a broker that takes the connection and says nothing', async () => {
    const bench = new Bench((broker) => {
      broker.mute = true
    })
    const ready = bench.connection.ready()
    const asked = bench.ask(60_000)
    bench.clock.advance(5_000)
    await expect(ready).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION', retriable: true })
    expect(await asked).toBe('NETWORK_EXCEPTION')
  })

  test('ends when an answer does not come in time: those behind it can’t come either', async () => {
    const bench = new Bench()
    await bench.connection.ready()
    bench.broker.on(METADATA, () => SILENCE)
    const first = bench.ask(100)
    const second = bench.ask(200)
    await bench.clock.settle()
    bench.clock.advance(99)
    expect(bench.connection.isClosed).toBe(false)
    bench.clock.advance(1)
    expect(await first).toBe('REQUEST_TIMED_OUT')
    expect(await second).toBe('NETWORK_EXCEPTION')
    expect(await bench.ask()).toBe('NETWORK_EXCEPTION')
    expect(bench.clock.timerCount).toBe(0)
  })

  test('lets a request that was not sent run out of time alone', async () => {
    const bench = new Bench()
    await bench.connection.ready()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    bench.broker.on(METADATA, async () => {
      await held
      return NO_BROKERS
    })
    const sent = Array.from({ length: 64 }, () => bench.ask(10_000))
    const waits = bench.ask(100)
    bench.clock.advance(100)
    expect(await waits).toBe('REQUEST_TIMED_OUT')
    release()
    expect(new Set(await Promise.all(sent))).toEqual(new Set(['memory']))
  })

  test('tells what was in flight when the broker hangs up', async () => {
    const bench = new Bench()
    bench.broker.on(METADATA, () => HANG_UP)
    expect(await bench.ask()).toBe('NETWORK_EXCEPTION')
    await expect(bench.connection.ready()).rejects.toMatchObject({
      message: expect.stringContaining('The broker ended the connection') as string,
    })
  })

  test('sends what has no answer', async () => {
    const bench = new Bench()
    bench.broker.on(LIST_GROUPS, () => SILENCE)
    await bench.connection.tell(LIST_GROUPS, {}, TIMEOUT_MS)
    expect(bench.broker.requests(LIST_GROUPS)).toHaveLength(1)
  })
})

test('what has no answer fails with the connection, unless it has been sent', async () => {
  const bench = new Bench()
  await bench.connection.ready()
  bench.broker.on(LIST_GROUPS, () => SILENCE)
  const told = bench.connection.tell(LIST_GROUPS, {}, TIMEOUT_MS)
  bench.connection.close(new SluiceError('CLOSED'))
  await expect(told).rejects.toMatchObject({ code: 'CLOSED' })
})

describe('a broker that lies', () => {
  test.each([
    ['too little', Buffer.alloc(2)],
    ['nothing', Buffer.alloc(0)],
    // Metadata 12: no tags, no throttle, then an array of 2^28 brokers.
    ['more elements than there are bytes', Buffer.from('0000000000ffffffff0f', 'hex')],
    ['a string beyond the frame', Buffer.from('0000000000' + '02' + '00000001' + 'ff7f', 'hex')],
  ])('with %s is left', async (_, body) => {
    const bench = new Bench()
    await bench.connection.ready()
    bench.broker.on(METADATA, () => new RawBody(body))
    const [lied, behind] = [bench.ask(), bench.ask()]
    expect(await lied).toBe('NETWORK_EXCEPTION')
    expect(await behind).toBe('NETWORK_EXCEPTION')
    expect(bench.connection.isClosed).toBe(true)
  })

  test('about which request it answers is left', async () => {
    const bench = new Bench()
    await bench.connection.ready()
    bench.broker.on(METADATA, () => SILENCE)
    bench.broker.on(DESCRIBE_CLUSTER, () => {
      return { throttleTimeMs: 0, errorCode: 0, clusterId: 'x', brokers: [] }
    })
    const skipped = bench.ask()
    const request = { includeClusterAuthorizedOperations: false }
    await expect(
      bench.connection.call(DESCRIBE_CLUSTER, request, TIMEOUT_MS),
    ).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION' })
    expect(await skipped).toBe('NETWORK_EXCEPTION')
  })
})
