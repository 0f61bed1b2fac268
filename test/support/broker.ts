// A whole broker in the test's own process, over a directory of its own that goes away with it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker, type BrokerOptions } from '../../src/server/broker.ts'
import { TestClient } from './grpc-client.ts'

export class TestBroker {
  readonly directory: string
  #broker: Broker | null = null
  #client: TestClient | null = null
  #options: BrokerOptions = {}

  private constructor(directory: string) {
    this.directory = directory
  }

  static async start(options: BrokerOptions = {}): Promise<TestBroker> {
    const test = new TestBroker(mkdtempSync(join(tmpdir(), 'sluice-broker-')))
    await test.open(options)
    return test
  }

  /** Starts it, or starts it again after `stop`. */
  async open(options: BrokerOptions = this.#options): Promise<void> {
    this.#options = options
    this.#broker = await Broker.start({
      ...options,
      options: {
        'data.dir': this.directory,
        'listeners.grpc': '127.0.0.1:0',
        'listeners.http': '127.0.0.1:0',
        'listeners.kafka': '127.0.0.1:0',
        ...options.options,
      },
    })
    this.#client = new TestClient(this.grpcPort)
  }

  get client(): TestClient {
    return this.#client!
  }

  get grpcPort(): number {
    return Number(this.#broker!.addresses.grpc!.split(':')[1])
  }

  get kafkaPort(): number {
    return Number(this.#broker!.addresses.kafka!.split(':')[1])
  }

  get url(): string {
    return `http://${this.#broker!.addresses.http}`
  }

  /** Stops it and keeps its directory. */
  async stop(): Promise<void> {
    await this.#broker?.close()
    this.#client?.close()
    this.#broker = null
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
