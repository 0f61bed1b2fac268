// The mechanisms that a listener offers, and who has been authenticated by them.

import { BrokerError } from '../base/errors.ts'
import type { SaslMechanismName } from '../config/security-options.ts'
import type { Clock } from '../io/clock.ts'
import type { SaslExchange, SaslMechanism } from './sasl/exchange.ts'

export interface SaslServerOptions {
  readonly clock: Clock
  /** Those that are offered, in the order in which clients are told. */
  readonly mechanisms: ReadonlyMap<SaslMechanismName, SaslMechanism>
  /** After this time a client must authenticate again. 0: never. */
  readonly maxReauthMs: number
  /** How long a client waits to hear that it has failed. */
  readonly failedDelayMs: number
}

export class SaslServer {
  /** By which sessions come to their end. */
  readonly clock: Clock
  readonly #options: SaslServerOptions

  constructor(options: SaslServerOptions) {
    this.#options = options
    this.clock = options.clock
  }

  /** False: nobody has to authenticate, and nobody can. */
  get enabled(): boolean {
    return this.#options.mechanisms.size > 0
  }

  get mechanisms(): readonly SaslMechanismName[] {
    return [...this.#options.mechanisms.keys()]
  }

  /** What a new connection begins with. @param host that it comes from */
  newSession(host: string): SaslSession {
    return new SaslSession(this.#options, host)
  }
}

/** What the client is told after a token of it. */
export interface SaslAnswer {
  readonly token: Buffer
  /** True when the client now is who it says it is. */
  readonly complete: boolean
  /** How long until it must authenticate again; 0 for never, and while it is not complete. */
  readonly lifetimeMs: number
}

/**
 * The authentication of one connection, and every time that it is done again.
 *
 *   handshake ─► exchange ─┬─► authenticated ─► handshake …      the same user, or it ends
 *                          └─► refused                           for good
 */
export class SaslSession {
  readonly #options: SaslServerOptions
  readonly #host: string
  #exchange: SaslExchange | null = null
  #user: string | null = null
  #refused = false

  constructor(options: SaslServerOptions, host: string) {
    this.#options = options
    this.#host = host
  }

  /** "User:alice"; null before the first success. */
  get principal(): string | null {
    return this.#user === null ? null : `User:${this.#user}`
  }

  /**
   * The client says which mechanism it will use.
   *
   * @throws BrokerError UNSUPPORTED_SASL_MECHANISM; ILLEGAL_SASL_STATE in the middle of an exchange,
   *   after a failure, and where there is no authentication
   */
  handshake(mechanism: string): void {
    const { mechanisms } = this.#options
    if (mechanisms.size === 0 || this.#refused || this.#exchange !== null) {
      throw new BrokerError('ILLEGAL_SASL_STATE')
    }
    const found = mechanisms.get(mechanism as SaslMechanismName)
    if (found === undefined) {
      this.#refused = this.#user === null
      const offered = [...mechanisms.keys()].join(', ')
      const message = `The mechanism is not offered; these are: ${offered}`
      throw new BrokerError('UNSUPPORTED_SASL_MECHANISM', { message })
    }
    this.#exchange = found.begin(this.#host)
  }

  /**
   * Takes the client's next token.
   *
   * @throws BrokerError ILLEGAL_SASL_STATE without a handshake; SASL_AUTHENTICATION_FAILED, after a
   *   while. The connection is of no more use then
   */
  async authenticate(token: Buffer): Promise<SaslAnswer> {
    const exchange = this.#exchange
    if (exchange === null) throw new BrokerError('ILLEGAL_SASL_STATE')
    const step = exchange.step(token)
    if (step.kind === 'challenge') return { token: step.token, complete: false, lifetimeMs: 0 }
    this.#exchange = null
    if (step.kind === 'refused') return await this.#refuse(step.message)
    if (this.#user !== null && this.#user !== step.user) {
      return await this.#refuse('Cannot change principals during re-authentication')
    }
    this.#user = step.user
    return { token: step.token, complete: true, lifetimeMs: this.#lifetimeMs(step.expiresAtMs) }
  }

  async #refuse(message: string): Promise<never> {
    this.#refused = true
    const { clock, failedDelayMs } = this.#options
    if (failedDelayMs > 0) {
      await new Promise<void>((resolve) => void clock.after(failedDelayMs, resolve))
    }
    throw new BrokerError('SASL_AUTHENTICATION_FAILED', { message })
  }

  #lifetimeMs(expiresAtMs: number | null): number {
    const { clock, maxReauthMs } = this.#options
    if (expiresAtMs === null) return maxReauthMs
    // What runs out within the allowed skew of clocks has a moment left: 0 would mean for ever.
    const leftMs = Math.max(1, expiresAtMs - clock.now())
    return maxReauthMs === 0 ? leftMs : Math.min(leftMs, maxReauthMs)
  }
}
