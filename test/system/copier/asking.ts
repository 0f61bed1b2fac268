// Asks a broker that is killed again and again, until it answers.

import { setTimeout as delay } from 'node:timers/promises'
import type { Api } from '../../../src/protocol/kafka/message-codec.ts'
import { KafkaClient } from '../../support/kafka-client.ts'

const RETRY_MS = 50
const PAUSE_MS = 100

/** Who asks a broker, whatever lies between. */
export interface Asks {
  /** The answer, or null once `close` was called. */
  ask<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
  ): Promise<Response | null>
  /** Waits a moment. */
  pause(): Promise<void>
  close(): void
}

/** For requests that may be asked twice. */
export class Asking implements Asks {
  readonly #port: number
  #client: KafkaClient | null = null
  #isClosed = false

  /** @param bootstrap "127.0.0.1:port" */
  constructor(bootstrap: string) {
    this.#port = Number(bootstrap.slice(bootstrap.lastIndexOf(':') + 1))
  }

  async ask<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
  ): Promise<Response | null> {
    while (!this.#isClosed) {
      try {
        this.#client ??= await KafkaClient.connect(this.#port)
        return await this.#client.call(api, version, message)
      } catch {
        // The broker is gone, or was: nothing else makes a call of this client fail.
        this.#client?.close()
        this.#client = null
        await delay(RETRY_MS)
      }
    }
    return null
  }

  async pause(): Promise<void> {
    await delay(PAUSE_MS)
  }

  close(): void {
    this.#isClosed = true
    this.#client?.close()
  }
}
