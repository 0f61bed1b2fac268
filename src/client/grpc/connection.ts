// One connection to a cluster over gRPC: a channel to one of the brokers of the list, and the next
// of them when that one can't be reached.

import { connectivityState, credentials, Client, Metadata } from '@grpc/grpc-js'
import type { ClientDuplexStream, MethodDefinition, ServiceError } from '@grpc/grpc-js'
import { MAX_BATCH_BYTES } from '../../base/limits.ts'
import type { Clock } from '../../io/clock.ts'
import { DEFAULT_CLIENT_ID, parseBootstrap } from '../connection-options.ts'
import type { ConnectionOptions } from '../connection-options.ts'
import { SluiceError } from '../errors.ts'
import { errorOfCall } from './status.ts'

/** Room for one batch of the largest size, and what is around it. */
const MAX_MESSAGE_BYTES = MAX_BATCH_BYTES + 1024 * 1024

/** HTTP/2 window. The default of 64 KiB makes transfers several times slower. */
const WINDOW_BYTES = 4 * 1024 * 1024

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc-node.flow_control_window': WINDOW_BYTES,
  // A dead connection is found out by pings: no answer in 10 s ends it.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Of its own, so that a consumer that reads slowly holds up no one else.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
} as const

/** Name of the metadata entry in which a client says what it calls itself. */
export const CLIENT_ID_KEY = 'sluice-client-id'

/** Longest deadline that fits gRPC's timer, in milliseconds. */
const MAX_DEADLINE_MS = 0x7fff_ffff

export class Connection {
  readonly #addresses: readonly string[]
  readonly #clientId: string
  readonly #clock: Clock
  #current = 0
  #client: Client | null = null
  #closed = false

  /** Opens nothing yet. @throws SluiceError INVALID_OPTION */
  constructor(options: ConnectionOptions, clock: Clock) {
    this.#addresses = parseBootstrap(options.bootstrap).addresses
    this.#clientId = options.clientId ?? DEFAULT_CLIENT_ID
    this.#clock = clock
  }

  /**
   * Makes one unary call.
   *
   * @param timeoutMs deadline, from now
   * @throws SluiceError: the broker's refusal, NETWORK_EXCEPTION, REQUEST_TIMED_OUT, CLOSED
   */
  call<I, O>(method: MethodDefinition<I, O>, request: I, timeoutMs: number): Promise<O> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new SluiceError('CLOSED'))
        return
      }
      const client = this.#open()
      const options = { deadline: this.#clock.now() + Math.min(timeoutMs, MAX_DEADLINE_MS) }
      const { path, requestSerialize, responseDeserialize } = method
      const done = (error: ServiceError | null, response?: O): void => {
        if (error === null) resolve(response!)
        else reject(this.failed(client, errorOfCall(error)))
      }
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata(),
        options,
        done,
      )
    })
  }

  /** Opens a stream of both directions. It has no deadline. */
  stream<I, O>(method: MethodDefinition<I, O>): { call: ClientDuplexStream<I, O>; client: Client } {
    const client = this.#open()
    const { path, requestSerialize, responseDeserialize } = method
    const call = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.#metadata(),
    )
    return { call, client }
  }

  /** Notes that a call on `client` failed: when its broker can't be reached, the next one is tried. */
  failed(client: Client, error: SluiceError): SluiceError {
    const unreachable = error.code === 'NETWORK_EXCEPTION'
    if (!unreachable || client !== this.#client || this.#addresses.length === 1) return error
    const state = client.getChannel().getConnectivityState(false)
    if (state === connectivityState.READY) return error
    this.#client = null
    this.#current = (this.#current + 1) % this.#addresses.length
    client.close()
    return error
  }

  close(): void {
    this.#closed = true
    this.#client?.close()
    this.#client = null
  }

  #open(): Client {
    this.#client ??= new Client(this.#addresses[this.#current]!, credentials.createInsecure(), {
      ...CHANNEL_OPTIONS,
      'grpc.primary_user_agent': 'sluice-js',
    })
    return this.#client
  }

  #metadata(): Metadata {
    const metadata = new Metadata()
    metadata.set(CLIENT_ID_KEY, this.#clientId)
    return metadata
  }
}
