// Authentication over the Kafka protocol: SaslHandshake, SaslAuthenticate, and the bare tokens that
// follow version 0 of the handshake.
//
//   SaslHandshake 1 ─► SaslAuthenticate …      tokens in requests
//   SaslHandshake 0 ─► int32 size | token …    tokens alone, until the last has been answered
//
// A connection that has failed is closed once it was told. One whose time is up is closed by the next
// request that is not about authentication; KIP-368 has clients authenticate again before.

import { BrokerError } from '../../../../base/errors.ts'
import type { Clock, Timer } from '../../../../io/clock.ts'
import { SASL_AUTHENTICATE } from '../../../../protocol/kafka/gen/sasl-authenticate.ts'
import { SASL_HANDSHAKE } from '../../../../protocol/kafka/gen/sasl-handshake.ts'
import type { SaslAnswer, SaslServer, SaslSession } from '../../../../security/sasl-server.ts'
import { handlerOf, type KafkaContext, type KafkaHandler, type KafkaPeer } from '../../handler.ts'
import { errorFields } from '../error-fields.ts'

export interface SaslHandlerServices {
  readonly sasl: SaslServer
}

const NO_TOKEN = Buffer.alloc(0)

export function saslHandlers({ sasl }: SaslHandlerServices): readonly KafkaHandler[] {
  const connections = new Connections(sasl)
  return [handshake(sasl, connections), authenticate(sasl, connections)]
}

function handshake(sasl: SaslServer, connections: Connections): KafkaHandler {
  return handlerOf(SASL_HANDSHAKE, {
    handle: ({ mechanism }, context) => {
      const connection = connections.of(context)
      connection.handshake(mechanism)
      if (context.version === 0) connection.takeBareTokens()
      return { errorCode: 0, mechanisms: sasl.mechanisms }
    },
    refuse: (_request, error, { peer }) => {
      if (sasl.enabled) peer.stop()
      return { errorCode: errorFields(error).errorCode, mechanisms: sasl.mechanisms }
    },
  })
}

function authenticate(sasl: SaslServer, connections: Connections): KafkaHandler {
  const { begin, ...handler } = handlerOf(SASL_AUTHENTICATE, {
    handle: async ({ authBytes }, context) => {
      const answer = await connections.of(context).authenticate(authBytes)
      const { token, lifetimeMs } = answer
      return { ...errorFields(null), authBytes: token, sessionLifetimeMs: lifetimeMs }
    },
    refuse: (_request, error, { peer }) => {
      if (sasl.enabled) peer.stop()
      return { ...errorFields(error), authBytes: NO_TOKEN, sessionLifetimeMs: 0 }
    },
  })
  return {
    ...handler,
    begin(request, context) {
      const { done } = begin(request, context)
      // Who the client is has to be known before its next request begins.
      const ended = (): void => {}
      return { begun: done.then(ended, ended), done }
    },
  }
}

/** What is kept of each connection as long as it lives. */
class Connections {
  readonly #sasl: SaslServer
  readonly #known = new WeakMap<KafkaPeer, Connection>()

  constructor(sasl: SaslServer) {
    this.#sasl = sasl
  }

  of(context: KafkaContext): Connection {
    const { peer, caller } = context
    const found = this.#known.get(peer)
    if (found !== undefined) return found
    const made = new Connection(this.#sasl.newSession(caller.host), context, this.#sasl.clock)
    this.#known.set(peer, made)
    return made
  }
}

class Connection {
  readonly #session: SaslSession
  readonly #peer: KafkaPeer
  readonly #signal: AbortSignal
  readonly #clock: Clock
  /** Runs until the client has to have authenticated again. */
  #expiry: Timer | null = null

  constructor(session: SaslSession, { peer, signal }: KafkaContext, clock: Clock) {
    this.#session = session
    this.#peer = peer
    this.#signal = signal
    this.#clock = clock
    signal.addEventListener('abort', () => this.#expiry?.cancel(), { once: true })
  }

  /** @throws BrokerError as SaslSession.handshake */
  handshake(mechanism: string): void {
    this.#session.handshake(mechanism)
  }

  takeBareTokens(): void {
    this.#peer.tokens = async (frame) => {
      try {
        const { token, complete } = await this.authenticate(frame)
        if (complete) this.#peer.tokens = null
        return token
      } catch (error) {
        // There is no way to say more to such a client than to close.
        if (error instanceof BrokerError) return null
        throw error
      }
    }
  }

  /** @throws BrokerError as SaslSession.authenticate */
  async authenticate(token: Buffer): Promise<SaslAnswer> {
    const answer = await this.#session.authenticate(token)
    if (answer.complete) this.#authenticated(answer.lifetimeMs)
    return answer
  }

  #authenticated(lifetimeMs: number): void {
    this.#peer.principal = this.#session.principal!
    this.#peer.mustAuthenticate = false
    this.#expiry?.cancel()
    this.#expiry = null
    if (lifetimeMs > 0 && !this.#signal.aborted) this.#expireAfter(lifetimeMs)
  }

  #expireAfter(lifetimeMs: number): void {
    const delayMs = Math.min(lifetimeMs, MAX_DELAY_MS)
    this.#expiry = this.#clock.after(delayMs, () => {
      if (lifetimeMs > delayMs) this.#expireAfter(lifetimeMs - delayMs)
      else this.#peer.mustAuthenticate = true
    })
  }
}

/** Timers count in 31 bits of milliseconds, which are 24 days. */
const MAX_DELAY_MS = 2 ** 31 - 1
