// Transactions of a producer over brokers in memory, with the broker's own coordinator, which loses
// answers, fences and times out when a test says so.

import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../../src/base/errors.ts'
import type { SluiceError } from '../../../../src/client/errors.ts'
import { readBatchHeader } from '../../../../src/record/batch-header.ts'
import type { ProduceFault } from '../../../support/memory-transport.ts'
import { TransactionBench } from './transaction-bench.ts'
import type { CallFault } from './transaction-bench.ts'

const LOST: CallFault = { code: 'NETWORK_EXCEPTION', after: true }
const UNHEARD: CallFault = { code: 'NETWORK_EXCEPTION', after: false }

function refusedWith(code: ErrorCode): CallFault {
  return { code, after: false }
}

describe('the end of a transaction', () => {
  test.each([
    ['the answer is lost once', [LOST]],
    ['the answer is lost three times', [LOST, LOST, LOST]],
    ['the request is lost', [UNHEARD, UNHEARD]],
    ['the request is lost, and then the answer', [UNHEARD, LOST]],
    ['the coordinator moves', [refusedWith('NOT_COORDINATOR')]],
    ['the coordinator loads', [refusedWith('COORDINATOR_LOAD_IN_PROGRESS')]],
    ['the log of the coordinator is slow', [{ code: 'COORDINATOR_NOT_AVAILABLE', after: true }]],
  ] as const)('is decided once, and is as it was decided, when %s', async (_, faults) => {
    const bench = new TransactionBench()
    bench.fail('endTransaction', faults)
    expect(await bench.outcome(bench.run('a'))).toBe('done')
    bench.fail('endTransaction', faults)
    expect(await bench.outcome(bench.runInVain('b'))).toBe('in vain')
    expect(await bench.outcome(bench.run('c'))).toBe('done')
    expect(bench.committed()).toEqual(['a', 'c'])
    expect(bench.transport.calls.filter((name) => name === 'initTransactions')).toHaveLength(1)
  })

  test('of which nobody says how it is, is told so; the next one finds out', async () => {
    const bench = new TransactionBench({ deliveryTimeoutMs: 5_000 })
    bench.fail(
      'endTransaction',
      Array.from({ length: 100 }, () => LOST),
    )
    expect(await bench.outcome(bench.run('a'))).toBe('TRANSACTION_OUTCOME_UNKNOWN')
    expect(bench.producer.failure).toBeNull()
    bench.fail('endTransaction', [])
    expect(await bench.outcome(bench.run('b'))).toBe('done')
    expect(bench.committed()).toEqual(['a', 'b'])
    expect(bench.calls('initTransactions')).toBe(2)
  })

  test('that nobody has heard of is told in the same way, and is aborted by the next', async () => {
    const bench = new TransactionBench({ deliveryTimeoutMs: 5_000 })
    bench.fail(
      'endTransaction',
      Array.from({ length: 100 }, () => UNHEARD),
    )
    expect(await bench.outcome(bench.run('a'))).toBe('TRANSACTION_OUTCOME_UNKNOWN')
    bench.fail('endTransaction', [])
    expect(await bench.outcome(bench.run('b'))).toBe('done')
    expect(bench.committed()).toEqual(['b'])
  })

  test('is not known either when another producer comes before the answer', async () => {
    const bench = new TransactionBench()
    const other = bench.make()
    bench.fail('endTransaction', [LOST])
    const ran = bench.run('a')
    // It is committed, and the next time it is asked for, the id is another's.
    await bench.pass(50)
    const taken = bench.run('b', [1], other)
    expect(await bench.outcome(ran)).toBe('TRANSACTION_OUTCOME_UNKNOWN')
    expect(await bench.outcome(taken)).toBe('done')
    expect(bench.producer.failure).toMatchObject({ code: 'PRODUCER_FENCED' })
    expect([bench.committed(0), bench.committed(1)]).toEqual([['a'], ['b']])
  })

  test('as an abort may fail: the next transaction does that first', async () => {
    const bench = new TransactionBench({ maxBlockMs: 2_000 })
    bench.fail(
      'endTransaction',
      Array.from({ length: 100 }, () => UNHEARD),
    )
    expect(await bench.outcome(bench.runInVain('a'))).toBe('in vain')
    bench.fail('endTransaction', [])
    expect(await bench.outcome(bench.run('b'))).toBe('done')
    expect(bench.committed()).toEqual(['b'])
  })

  test('is refused when it can only be aborted, and so it is', async () => {
    const bench = new TransactionBench()
    bench.fail('endTransaction', [LOST, refusedWith('TRANSACTION_ABORTABLE')])
    // What came of the first was thrown away by the coordinator.
    bench.transport.transactions.writesMarkers = true
    const ran = bench.run('a')
    const code = await bench.outcome(ran)
    expect(code).toBe('TRANSACTION_ABORTABLE')
    await expect(ran).rejects.toMatchObject({ recovery: 'abort' })
    expect(bench.transport.transactions.ends.at(-1)).toBe('abort')
    expect(bench.producer.failure).toBeNull()
  })
})

describe('a transaction is aborted', () => {
  test.each([
    ['MESSAGE_TOO_LARGE', 'none'],
    ['TOPIC_AUTHORIZATION_FAILED', 'none'],
    ['TRANSACTION_ABORTABLE', 'abort'],
    ['INVALID_TXN_STATE', 'abort'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'abort'],
    ['UNKNOWN_PRODUCER_ID', 'abort'],
    ['INVALID_PRODUCER_EPOCH', 'abort'],
  ] as const)('when a batch is refused as %s', async (code, recovery) => {
    for (const version of [1, 2] as const) {
      const bench = new TransactionBench({ version })
      expect(await bench.outcome(bench.run('before', [0, 1]))).toBe('done')
      bench.produceFaults([{ kind: 'refuse', code, batches: [1] }])
      const ran = bench.run('a', [0, 1])
      expect(await bench.outcome(ran)).toBe(code)
      await expect(ran).rejects.toMatchObject({ recovery })
      expect(await bench.outcome(bench.run('after', [0, 1]))).toBe('done')
      expect([bench.committed(0), bench.committed(1)]).toEqual([
        ['before', 'after'],
        ['before', 'after'],
      ])
      expect(bench.producer.failure).toBeNull()
    }
  })

  test('when a record runs out of time, and what comes in late is not part of the next', async () => {
    for (const version of [1, 2] as const) {
      const bench = new TransactionBench({ version, deliveryTimeoutMs: 1_000 })
      expect(await bench.outcome(bench.run('before'))).toBe('done')
      bench.transport.fault = () => ({ kind: 'late' })
      expect(await bench.outcome(bench.run('late'))).toBe('DELIVERY_TIMED_OUT')
      bench.transport.fault = () => null
      const ran = bench.producer.transaction(async (tx) => {
        await tx.send({ topic: 'clicks', partition: 0, value: 'after' })
        bench.transport.deliverLate()
      })
      expect(await bench.outcome(ran)).toBe('done')
      expect(bench.committed()).toEqual(['before', 'after'])
    }
  })

  test('when a serializer fails, though the promise was not looked at', async () => {
    const bench = new TransactionBench({
      valueSerializer: {
        serialize: (value: string) => {
          if (value === 'bad') throw new Error('cannot')
          return value
        },
      },
    })
    const ran = bench.producer.transaction(async (tx) => {
      await tx.send({ topic: 'clicks', partition: 0, value: 'good' })
      void tx.send({ topic: 'clicks', partition: 0, value: 'bad' })
    })
    expect(await bench.outcome(ran)).toBe('SERIALIZATION_FAILED')
    expect(bench.committed()).toEqual([])
  })

  test('when the topic does not exist, without a word to the coordinator about its end', async () => {
    const bench = new TransactionBench()
    const ran = bench.producer.transaction((tx) => void tx.send({ topic: 'none', value: 'x' }))
    expect(await bench.outcome(ran)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(bench.calls('endTransaction')).toBe(0)
  })

  // In version 1 the coordinator fences whoever it has lost patience with.
  test.each([
    [1, 'PRODUCER_FENCED'],
    [2, 'INVALID_TXN_STATE'],
  ] as const)('when it was open for too long, version %i', async (version, code) => {
    const bench = new TransactionBench({ version, transactionTimeoutMs: 5_000 })
    const ran = bench.producer.transaction(async (tx) => {
      await tx.send({ topic: 'clicks', partition: 0, value: 'slow' })
      await bench.pass(30_000)
    })
    expect(await bench.outcome(ran)).toBe(code)
    expect(bench.producer.failure?.code ?? null).toBe(version === 1 ? code : null)
    const next = version === 1 ? bench.make() : bench.producer
    expect(await bench.outcome(bench.run('next', [0], next))).toBe('done')
    expect(bench.committed()).toEqual(['next'])
  })

  test('when the producer is closed, which waits for that', async () => {
    const bench = new TransactionBench()
    const ran = bench.producer.transaction(async (tx) => {
      await tx.send({ topic: 'clicks', partition: 0, value: 'open' })
      await new Promise(() => {}) // never done
    })
    ran.catch(() => {})
    await bench.pass(100)
    expect(await bench.outcome(bench.producer.close())).toBe('done')
    expect(await bench.outcome(ran)).toBe('CLOSED')
    expect(bench.transport.transactions.ends).toEqual(['abort'])
    expect(await bench.outcome(bench.run('x'))).toBe('CLOSED')
  })

  test('and nothing of it is in flight when that is said, so that memory is free', async () => {
    const bench = new TransactionBench()
    bench.produceFaults([null, { kind: 'hold' }])
    const ran = bench.producer.transaction(async (tx) => {
      await tx.send({ topic: 'clicks', partition: 0, value: 'a' })
      void tx.send({ topic: 'clicks', partition: 1, value: 'held' })
      await bench.pass(50)
      throw new Error('in vain')
    })
    ran.catch(() => {})
    await bench.pass(500)
    expect(bench.transport.transactions.ends).toEqual([])
    bench.transport.releaseHeld()
    expect(await bench.outcome(ran)).toBe('in vain')
    expect(bench.transport.transactions.ends).toEqual(['abort'])
    expect(bench.producer.bufferedBytes).toBe(0)
  })
})

describe('what is fenced', () => {
  test.each([1, 2] as const)('can do nothing more, version %i', async (version) => {
    const bench = new TransactionBench({ version })
    expect(await bench.outcome(bench.run('a'))).toBe('done')
    const other = bench.make()
    expect(await bench.outcome(bench.run('b', [1], other))).toBe('done')
    const ran = bench.run('c')
    expect(await bench.outcome(ran)).toBe('PRODUCER_FENCED')
    await expect(ran).rejects.toMatchObject({ recovery: 'restart' })
    expect(bench.producer.failure).toMatchObject({ code: 'PRODUCER_FENCED' })
    const calls = bench.transport.calls.length
    expect(await bench.outcome(bench.run('d'))).toBe('PRODUCER_FENCED')
    expect(bench.transport.calls).toHaveLength(calls)
    expect(await bench.outcome(bench.run('e', [0], other))).toBe('done')
    expect([bench.committed(0), bench.committed(1)]).toEqual([['a', 'e'], ['b']])
  })

  test('finds out, when it was refused as an old epoch alone', async () => {
    const bench = new TransactionBench()
    expect(await bench.outcome(bench.run('a'))).toBe('done')
    await bench.outcome(bench.run('b', [1], bench.make()))
    bench.produceFaults([{ kind: 'refuse', code: 'INVALID_PRODUCER_EPOCH' }])
    expect(await bench.outcome(bench.run('c'))).toBe('PRODUCER_FENCED')
    expect(bench.producer.failure).toMatchObject({ code: 'PRODUCER_FENCED' })
  })
})

describe('the first transaction', () => {
  test('asks for an identity again while that may pass', async () => {
    const bench = new TransactionBench()
    const refusals = ['CONCURRENT_TRANSACTIONS', 'COORDINATOR_NOT_AVAILABLE'] as const
    bench.fail('initTransactions', [UNHEARD, LOST, ...refusals.map(refusedWith)])
    expect(await bench.outcome(bench.run('a'))).toBe('done')
    expect(bench.committed()).toEqual(['a'])
  })

  test('is refused when it takes too long, and tried again by the next', async () => {
    const bench = new TransactionBench({ maxBlockMs: 1_000 })
    bench.transport.down = true
    expect(await bench.outcome(bench.run('a'))).toBe('NETWORK_EXCEPTION')
    bench.transport.down = false
    expect(await bench.outcome(bench.run('b'))).toBe('done')
    expect(bench.committed()).toEqual(['b'])
  })

  test('does not begin its work before it may send', async () => {
    const bench = new TransactionBench()
    bench.fail('initTransactions', [refusedWith('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')])
    let begun = 0
    const work = (): void => void (begun += 1)
    const refused = bench.producer.transaction(work)
    expect(await bench.outcome(refused)).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
    expect(begun).toBe(0)
    expect(await bench.outcome(bench.producer.transaction(work))).toBe('done')
    expect(begun).toBe(1)
  })
})

describe('records of a transaction', () => {
  test('say whose they are, with sequences from 0 in each epoch', async () => {
    const bench = new TransactionBench()
    for (const value of ['a', 'b']) expect(await bench.outcome(bench.run(value))).toBe('done')
    const stamps = bench.transport.requests.map(({ transaction, acks, batches }) => {
      const { producerEpoch, baseSequence, attributes } = readBatchHeader(batches[0]!.batch)
      return [transaction?.transactionalId, acks, producerEpoch, baseSequence, attributes]
    })
    const TRANSACTIONAL = 0x10
    const [first, second] = [stamps[0]![2] as number, stamps[1]![2] as number]
    expect(stamps).toEqual([
      ['t', 'all', first, 0, TRANSACTIONAL],
      ['t', 'all', second, 0, TRANSACTIONAL],
    ])
    expect(second).toBeGreaterThan(first)
    expect(bench.calls('addToTransaction')).toBe(0)
  })

  test('wait in version 1 until their partitions are part of it, and go on in the sequences', async () => {
    const bench = new TransactionBench({ version: 1 })
    bench.fail('addToTransaction', [refusedWith('CONCURRENT_TRANSACTIONS'), LOST])
    for (const value of ['a', 'b']) {
      expect(await bench.outcome(bench.run(value, [0, 2]))).toBe('done')
    }
    const stamps = bench.transport.requests.flatMap(({ batches }) => {
      return batches.map(({ partition, batch }) => {
        const { producerEpoch, baseSequence } = readBatchHeader(batch)
        return [partition, producerEpoch, baseSequence]
      })
    })
    const [, epoch] = stamps[0]!
    expect(stamps).toEqual([
      [0, epoch, 0],
      [2, epoch, 0],
      [0, epoch, 1],
      [2, epoch, 1],
    ])
    const { added } = bench.transport.transactions
    expect(added.slice(-2)).toEqual(['clicks-0', 'clicks-2'])
    expect([bench.committed(0), bench.committed(2)]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  test('that may not be part of it abort it, version 1', async () => {
    const bench = new TransactionBench({ version: 1 })
    bench.fail('addToTransaction', [refusedWith('TOPIC_AUTHORIZATION_FAILED')])
    expect(await bench.outcome(bench.run('a'))).toBe('TOPIC_AUTHORIZATION_FAILED')
    expect(await bench.outcome(bench.run('b'))).toBe('done')
    expect(bench.committed()).toEqual(['b'])
  })

  test('are not made part of it behind its end, version 1', async () => {
    const bench = new TransactionBench({ version: 1 })
    const ending = refusedWith('CONCURRENT_TRANSACTIONS')
    bench.fail('addToTransaction', [ending, ending, ending, ending, ending, ending])
    const gate = Promise.withResolvers<void>()
    const ran = bench.producer.transaction(async (tx) => {
      void tx.send({ topic: 'clicks', partition: 0, value: 'a' })
      await gate.promise
      throw new Error('in vain')
    })
    while (bench.calls('addToTransaction') === 0) await bench.pass(1)
    gate.resolve()
    expect(await bench.outcome(ran)).toBe('in vain')
    await bench.pass(5_000)
    expect(bench.transport.calls.at(-1)).toBe('endTransaction')
    bench.fail('addToTransaction', [])
    expect(await bench.outcome(bench.run('b'))).toBe('done')
    expect(bench.committed()).toEqual(['b'])
  })

  test.each([1, 2] as const)(
    'wait while the transaction before is being written, version %i',
    async (version) => {
      const bench = new TransactionBench({ version })
      bench.transport.transactions.writesMarkers = false
      expect(await bench.outcome(bench.run('a'))).toBe('done')
      const next = bench.run('b')
      await bench.pass(500)
      expect(bench.committed()).toEqual([])
      bench.transport.transactions.writesMarkers = true
      bench.transport.transactions.writeMarkers()
      expect(await bench.outcome(next)).toBe('done')
      expect(bench.committed()).toEqual(['a', 'b'])
    },
  )

  test('follow the protocol that the brokers have gone over to', async () => {
    const bench = new TransactionBench({ version: 1 })
    expect(await bench.outcome(bench.run('a'))).toBe('done')
    bench.transport.transactions.version = 2
    // It hears of that with the next answer.
    for (const value of ['b', 'c', 'd']) expect(await bench.outcome(bench.run(value))).toBe('done')
    expect(bench.committed()).toEqual(['a', 'b', 'c', 'd'])
    expect(bench.transport.transactions.added).toHaveLength(2)
  })

  test('are stored once each, whatever breaks under them', async () => {
    const kinds: (ProduceFault | null)[] = [
      { kind: 'break', stored: true },
      null,
      { kind: 'break', stored: false },
      { kind: 'storedButRefused', code: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' },
      null,
      { kind: 'refuse', code: 'NOT_LEADER_OR_FOLLOWER' },
    ]
    for (const version of [1, 2] as const) {
      const bench = new TransactionBench({ version })
      const expected: string[] = []
      for (let round = 0; round < 12; round++) {
        bench.produceFaults([kinds[round % kinds.length]!, kinds[(round * 5) % kinds.length]!])
        const isKept = round % 3 !== 0
        const ran = isKept ? bench.run(`${round}`) : bench.runInVain(`${round}`)
        expect(await bench.outcome(ran)).toBe(isKept ? 'done' : 'in vain')
        if (isKept) expected.push(`${round}`)
      }
      expect(bench.committed()).toEqual(expected)
    }
  })
})

describe('the rules', () => {
  test('one transaction comes after the other', async () => {
    const bench = new TransactionBench()
    const { producer } = bench
    const outer = producer.transaction(async (tx) => {
      await tx.send({ topic: 'clicks', partition: 0, value: 'a' })
      await expect(producer.transaction(() => {})).rejects.toMatchObject({ code: 'INVALID_STATE' })
    })
    expect(await bench.outcome(outer)).toBe('done')
    expect(bench.committed()).toEqual(['a'])
  })

  test('nothing is sent outside of one, or after it', async () => {
    const bench = new TransactionBench()
    const record = { topic: 'clicks', partition: 0, value: 'x' }
    await expect(bench.producer.send(record)).rejects.toMatchObject({ code: 'INVALID_STATE' })
    let late: () => Promise<unknown> = () => Promise.resolve()
    const ran = bench.producer.transaction((tx) => {
      late = () => tx.send(record)
    })
    expect(await bench.outcome(ran)).toBe('done')
    await expect(late()).rejects.toMatchObject({ code: 'INVALID_STATE' })
    const plain = bench.make({ transactionalId: undefined })
    await expect(plain.transaction(() => {})).rejects.toMatchObject({ code: 'INVALID_STATE' })
  })

  test('a record that failed is known to have, and those behind it fail at once', async () => {
    const bench = new TransactionBench()
    bench.produceFaults([{ kind: 'refuse', code: 'INVALID_RECORD' }])
    const codes: unknown[] = []
    const ran = bench.producer.transaction(async (tx) => {
      for (const value of ['a', 'b']) {
        const sent = tx.send({ topic: 'clicks', partition: 0, value })
        await sent.catch((error: SluiceError) => codes.push(error.code))
      }
    })
    expect(await bench.outcome(ran)).toBe('INVALID_RECORD')
    expect(codes).toEqual(['INVALID_RECORD', 'INVALID_RECORD'])
    expect(bench.transport.requests).toHaveLength(1)
  })

  test.each([
    [{ acks: 1 }, 'acks'],
    [{ idempotent: false }, 'idempotent'],
    [{ transactionalId: '' }, 'transactionalId'],
    [{ transactionTimeoutMs: 0 }, 'transactionTimeoutMs'],
    [{ transactionalId: undefined, transactionTimeoutMs: 1_000 }, 'transactionTimeoutMs'],
  ] as const)('options that do not fit are refused: %o', (options, option) => {
    const bench = new TransactionBench()
    expect(() => bench.make(options)).toThrowError(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        facts: expect.objectContaining({ option }),
      }),
    )
  })
})
