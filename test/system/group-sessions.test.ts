// Sessions of a group whose broker is killed again and again: their clients open them anew, they go on
// from what was committed, and nobody waits for members who are gone.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { CreateTopicRequestSchema } from '../../src/protocol/grpc/gen/sluice/v1/admin_pb.ts'
import { DescribeGroupRequestSchema } from '../../src/protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { ADMIN_SERVICE, GROUP_SERVICE, PRODUCE_SERVICE } from '../../src/protocol/grpc/services.ts'
import { SessionStream } from '../server/grpc/session-stream.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { eventually, TestClient } from '../support/grpc-client.ts'

const KILLS = 3
const ROUND = 20

/** A client that acknowledges what comes, and opens its session again when it breaks. */
class Reader {
  readonly seen = new Set<string>()
  #taken = 0
  #client: TestClient
  #session: SessionStream

  constructor(port: number) {
    this.#client = new TestClient(port)
    this.#session = SessionStream.open(this.#client, { commitIntervalMs: 200 })
  }

  get assigned(): readonly string[] {
    return this.#session.assigned()
  }

  /** Takes what has come since the last time. */
  take(): void {
    const values = this.#session.values()
    if (values.length === this.#taken) return
    for (const value of values) this.seen.add(value)
    this.#taken = values.length
    this.#session.acknowledge()
  }

  async openAgain(port: number): Promise<void> {
    expect((await this.#session.end).code).not.toBe(0)
    this.#client.close()
    this.#taken = 0
    this.#client = new TestClient(port)
    this.#session = SessionStream.open(this.#client, { commitIntervalMs: 200 })
  }

  async close(): Promise<void> {
    expect((await this.#session.close()).code).toBe(0)
    this.#client.close()
  }
}

test(`sessions go on over ${KILLS} kills of their broker`, { timeout: 180_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-sessions-'))
  const flags = ['--set', 'offsets.topic.num.partitions=1']
  let broker = await BrokerProcess.start(directory, flags)
  try {
    const port = Number(broker.addresses.grpc.split(':')[1])
    let admin = new TestClient(port)
    const topic = create(CreateTopicRequestSchema, { name: 'clicks', partitions: 2 })
    await admin.call(ADMIN_SERVICE.createTopic, topic)
    const readers = [new Reader(port), new Reader(port)]
    const published: string[] = []
    const take = (): void => {
      for (const reader of readers) reader.take()
    }

    for (let kill = 0; kill <= KILLS; kill++) {
      await eventually(() => {
        take()
        return readers.every(({ assigned }) => assigned.length > 0)
      })
      for (let n = 0; n < ROUND; n++) {
        const value = `${kill}-${n}`
        const record = { key: null, value: Buffer.from(value), headers: [], timestampMs: null }
        const records = [{ ...record, partition: n % 2 }]
        const request = { topic: 'clicks', acks: 1, timeoutMs: 0, records }
        await admin.call(PRODUCE_SERVICE.publish, request)
        published.push(value)
      }
      await eventually(() => {
        take()
        return published.every((value) => readers.some(({ seen }) => seen.has(value)))
      })
      if (kill === KILLS) break
      await broker.stop('SIGKILL')
      const address = ['--grpc', `127.0.0.1:${port}`, '--http', '127.0.0.1:0']
      broker = await BrokerProcess.start(directory, [...address, ...flags])
      admin.close()
      admin = new TestClient(port)
      for (const reader of readers) await reader.openAgain(port)
    }
    for (const reader of readers) await reader.close()
    const request = create(DescribeGroupRequestSchema, { groupId: 'g' })
    const { members, partitions } = await admin.call(GROUP_SERVICE.describeGroup, request)
    expect(members).toEqual([])
    expect(partitions.map(({ lag }) => lag)).toEqual([0n, 0n])
    admin.close()
  } finally {
    await broker.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
})
