// A whole broker inside the test's process, on free ports and a directory of its own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker } from '../../src/server/broker.ts'

const FREE = '127.0.0.1:0'

export class TestBroker {
  readonly #dataDir: string
  readonly #options: Readonly<Record<string, string>>
  #broker: Broker
  #grpc: string
  #kafka: string

  private constructor(dataDir: string, options: Readonly<Record<string, string>>, broker: Broker) {
    this.#dataDir = dataDir
    this.#options = options
    this.#broker = broker
    this.#grpc = broker.addresses.grpc!
    this.#kafka = broker.addresses.kafka!
  }

  /** @param options by Kafka's names */
  static async start(options: Readonly<Record<string, string>> = {}): Promise<TestBroker> {
    const dataDir = mkdtempSync(join(tmpdir(), 'sluice-test-'))
    const broker = await Broker.start({ options: optionsOf(dataDir, FREE, FREE, options) })
    return new TestBroker(dataDir, options, broker)
  }

  /** Of the gRPC front. It stays the same over a restart. */
  get bootstrap(): string {
    return this.#grpc
  }

  /** Of the Kafka front, for our client. It stays the same over a restart. */
  get kafkaBootstrap(): string {
    return `kafka://${this.#kafka}`
  }

  async stop(): Promise<void> {
    await this.#broker.close()
  }

  /** After `stop`: the same broker again, at the same address. */
  async startAgain(): Promise<void> {
    this.#broker = await Broker.start({
      options: optionsOf(this.#dataDir, this.#grpc, this.#kafka, this.#options),
    })
  }

  /** Stops the broker and deletes its data. */
  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#dataDir, { recursive: true, force: true })
  }
}

function optionsOf(
  dataDir: string,
  grpc: string,
  kafka: string,
  options: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    'data.dir': dataDir,
    'listeners.grpc': grpc,
    'listeners.http': '127.0.0.1:0',
    'listeners.kafka': kafka,
    ...options,
  }
}
