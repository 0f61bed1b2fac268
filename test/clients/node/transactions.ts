// The scenario of transactions of ../README.md, over what the clients for Node have in common.

import { pause, refusal, same, step, until } from './scenario.ts'

export type Isolation = 'read_committed' | 'read_uncommitted'

/** What a client does, in the words of the scenario. */
export interface TransactionalClient {
  /** False where it ends a transaction at the broker that the broker has not heard of. */
  readonly hasEmptyTransactions: boolean
  createTopic(topic: string, partitions: number): Promise<void>
  /** Outside of transactions. */
  send(topic: string, records: readonly PlacedValue[]): Promise<void>
  /** A producer of a transactional id that is its own from now on. */
  producer(transactionalId: string, timeoutMs?: number): Promise<TransactionalProducer>
  /**
   * Reads partition 0 of a topic from its beginning.
   *
   * @param count of records that have to come, after which there is a moment for more
   * @returns each as "value@offset"
   */
  view(topic: string, isolation: Isolation, count: number): Promise<string[]>
  /** A member of a group that has read some records of partition 0. */
  reader(group: string, topic: string, count: number): Promise<Reader>
  /** Where a group goes on in partition 0; -1 when it has not committed. */
  committedOffset(group: string, topic: string): Promise<number>
  readonly copier: ((names: CopierNames) => Promise<Copier>) | null
  /** The last names that the broker gave an error, or the client's own. */
  errorName(error: Error): string
}

export interface PlacedValue {
  readonly partition: number
  readonly value: string
}

export interface TransactionalProducer {
  begin(): Promise<Transaction>
  close(): Promise<void>
}

export interface Transaction {
  send(topic: string, records: readonly PlacedValue[]): Promise<void>
  /** That the reader goes on at an offset of partition 0, which is one after a record that it has read. */
  sendOffset(reader: Reader, offset: number): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
}

export interface Reader {
  stop(): Promise<void>
}

export interface CopierNames {
  readonly id: string
  readonly group: string
  readonly source: string
  readonly into: string
}

/** Reads a topic in a group, and writes what it reads to another in upper case, with its offsets. */
export interface Copier {
  owned(): number
  /** Leaves a transaction with offsets open, and the group. */
  abandon(): Promise<void>
  stop(): Promise<void>
}

const COPIED = 60
const PARTITIONS = 4

export async function runTransactions(client: TransactionalClient, prefix: string): Promise<void> {
  const scenario = new TransactionScenario(client, prefix)
  await step('transaction commit', () => scenario.commit())
  await step('transaction abort', () => scenario.abort())
  await step('offsets in a transaction', () => scenario.offsets())
  await step('fencing', () => scenario.fencing())
  await step('transaction timeout', () => scenario.timeout())
  await step('interleaved transactions', () => scenario.interleaved())
  const { copier } = client
  if (copier !== null) await step('copy with a rebalance', () => scenario.copy(copier))
}

class TransactionScenario {
  readonly #client: TransactionalClient
  readonly #prefix: string

  constructor(client: TransactionalClient, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  async commit(): Promise<void> {
    const [first, second] = [await this.#topic('commit-1'), await this.#topic('commit-2')]
    const producer = await this.#producer('commit')
    const transaction = await producer.begin()
    await transaction.send(first, values('a', 'b', 'c'))
    await transaction.send(second, values('d'))
    await this.#shows('open', first, 'read_uncommitted', ['a@0', 'b@1', 'c@2'])
    await this.#shows('open', first, 'read_committed', [])
    await transaction.commit()
    await this.#shows('committed', first, 'read_committed', ['a@0', 'b@1', 'c@2'])
    await this.#shows('committed', second, 'read_committed', ['d@0'])
    if (this.#client.hasEmptyTransactions) {
      await (await producer.begin()).commit()
      await (await producer.begin()).abort()
    }
    for (let n = 0; n < 5; n++) {
      const next = await producer.begin()
      await next.send(second, values(`n${n}`))
      await next.commit()
    }
    // An offset of each is that of a marker.
    const more = ['d@0', 'n0@2', 'n1@4', 'n2@6', 'n3@8', 'n4@10']
    await this.#shows('five more', second, 'read_committed', more)
    await producer.close()
  }

  async abort(): Promise<void> {
    const topic = await this.#topic('abort')
    const producer = await this.#producer('abort')
    const aborted = await producer.begin()
    await aborted.send(topic, values('a', 'b'))
    await aborted.abort()
    const committed = await producer.begin()
    await committed.send(topic, values('c'))
    await committed.commit()
    await this.#shows('committed', topic, 'read_committed', ['c@3'])
    await this.#shows('all', topic, 'read_uncommitted', ['a@0', 'b@1', 'c@3'])
    await producer.close()
  }

  async offsets(): Promise<void> {
    const [source, into] = [await this.#topic('offsets-in'), await this.#topic('offsets-out')]
    const group = `${this.#prefix}-offsets`
    await this.#client.send(source, values('a', 'b', 'c', 'd', 'e'))
    const reader = await this.#client.reader(group, source, 5)
    const producer = await this.#producer('offsets')
    const aborted = await producer.begin()
    await aborted.send(into, values('x'))
    await aborted.sendOffset(reader, 2)
    await aborted.abort()
    same('after an abort', await this.#client.committedOffset(group, source), -1)
    const committed = await producer.begin()
    await committed.send(into, values('y'))
    await committed.sendOffset(reader, 4)
    same('while it is open', await this.#client.committedOffset(group, source), -1)
    await committed.commit()
    await until('the offset is there', async () => {
      return (await this.#client.committedOffset(group, source)) === 4
    })
    await this.#shows('the output', into, 'read_committed', ['y@2'])
    await reader.stop()
    await producer.close()
  }

  async fencing(): Promise<string> {
    const topic = await this.#topic('fencing')
    const zombie = await this.#producer('fencing')
    const open = await zombie.begin()
    await open.send(topic, values('a'))
    const next = await this.#producer('fencing')
    const following = await next.begin()
    await following.send(topic, values('c'))
    const told = [
      `send: ${await this.#refused(() => open.send(topic, values('b')))}`,
      `commit: ${await this.#refused(() => open.commit())}`,
    ]
    await following.commit()
    await this.#shows('of the next', topic, 'read_committed', ['c@2'])
    await this.#shows('all', topic, 'read_uncommitted', ['a@0', 'c@2'])
    await next.close()
    return told.join(', ')
  }

  async timeout(): Promise<string> {
    const topic = await this.#topic('timeout')
    const producer = await this.#producer('timeout', 1_000)
    const open = await producer.begin()
    await open.send(topic, values('a', 'b'))
    // What comes behind it shows when it has ended.
    await this.#client.send(topic, values('c'))
    await this.#shows('after it', topic, 'read_committed', ['c@2'])
    const told = `commit: ${await this.#refused(() => open.commit())}`
    const next = await this.#producer('timeout', 1_000)
    const following = await next.begin()
    await following.send(topic, values('d'))
    await following.commit()
    await this.#shows('of the next', topic, 'read_committed', ['c@2', 'd@4'])
    await next.close()
    return told
  }

  /**
   * Two producers on one partition at the same time, one of which is aborted. No more: kafkajs shows records
   * of two that overlap, and @platformatic/kafka those of two of one producer, whatever the broker says.
   */
  async interleaved(): Promise<void> {
    const topic = await this.#topic('interleaved')
    const expected: string[] = []
    for (let round = 0; round < 6; round++) {
      const producers = [
        await this.#producer(`interleaved-${round}-0`),
        await this.#producer(`interleaved-${round}-1`),
      ]
      const open = await Promise.all(producers.map((producer) => producer.begin()))
      for (let record = 0; record < 3; record++) {
        for (const [n, transaction] of open.entries()) {
          await transaction.send(topic, values(`${round} ${n} ${record}`))
          if (n === round % 2) expected.push(`${round} ${n} ${record}`)
        }
      }
      for (const [n, transaction] of open.entries()) {
        await (n === round % 2 ? transaction.commit() : transaction.abort())
      }
      // Between which records the markers come is not ours to say.
      const found = await this.#client.view(topic, 'read_committed', expected.length)
      same(`round ${round}`, found.map(valueOf), expected)
      for (const producer of producers) await producer.close()
    }
  }

  async copy(copier: (names: CopierNames) => Promise<Copier>): Promise<void> {
    const [source, into] = [
      await this.#topic('copy-in', PARTITIONS),
      await this.#topic('copy-out', 1),
    ]
    await this.#fill(source, 0)
    const names = (id: string): CopierNames => {
      return { id: `${this.#prefix}-${id}`, group: `${this.#prefix}-copiers`, source, into }
    }
    const first = await copier(names('copier-1'))
    await until('the first has all', () => first.owned() === PARTITIONS)
    const second = await copier(names('copier-2'))
    await until('both have two', () => first.owned() === 2 && second.owned() === 2)
    const abandoned = second.abandon()
    await this.#fill(source, COPIED)
    await abandoned
    const third = await copier(names('copier-2'))
    const sent = Array.from({ length: 2 * COPIED }, (_, n) => `RECORD ${n}`).sort()
    const found = await this.#client.view(into, 'read_committed', sent.length)
    same('each once', found.map(valueOf).sort(), sent)
    await first.stop()
    await third.stop()
  }

  async #fill(topic: string, from: number): Promise<void> {
    const records = Array.from({ length: COPIED }, (_, n) => {
      return { partition: n % PARTITIONS, value: `record ${from + n}` }
    })
    await this.#client.send(topic, records)
  }

  async #topic(name: string, partitions = 1): Promise<string> {
    const topic = `${this.#prefix}-${name}`
    await this.#client.createTopic(topic, partitions)
    return topic
  }

  #producer(id: string, timeoutMs?: number): Promise<TransactionalProducer> {
    return this.#client.producer(`${this.#prefix}-${id}`, timeoutMs)
  }

  async #shows(
    what: string,
    topic: string,
    isolation: Isolation,
    expected: readonly string[],
  ): Promise<void> {
    const found = await this.#client.view(topic, isolation, expected.length)
    same(`${what}, ${isolation}`, found, expected)
  }

  async #refused(action: () => Promise<void>): Promise<string> {
    return this.#client.errorName(await refusal(action))
  }
}

function valueOf(placed: string): string {
  return placed.split('@')[0]!
}

function values(...all: readonly string[]): PlacedValue[] {
  return all.map((value) => ({ partition: 0, value }))
}

/** Long enough for a record that should not come, and was fetched with those before it. */
export async function aMoment(): Promise<void> {
  await pause(400)
}
