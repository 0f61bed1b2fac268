// PLAIN: the password itself, in one message.
//
//   [authorization id] NUL user NUL password          UTF-8
//
// Source: RFC 4616.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { GuessLimiter } from '../guess-limiter.ts'
import {
  NO_TOKEN,
  refused,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
} from './exchange.ts'

/** Longest user name and password, in bytes. */
const MAX_BYTES = 1_024

/** The same whatever was wrong: the user, the password, or how often it was tried. */
const WRONG = 'Authentication failed: Invalid username or password'

export interface PlainOptions {
  /** Passwords by user. */
  readonly users: ReadonlyMap<string, string>
  /** 32 random bytes: passwords are compared as digests under this key. */
  readonly key: Buffer
  readonly guesses: GuessLimiter
}

export class PlainMechanism implements SaslMechanism {
  readonly #key: Buffer
  readonly #guesses: GuessLimiter
  /** Digests of passwords by user. */
  readonly #digests: ReadonlyMap<string, Buffer>
  /** What is compared for a user that is not there. No password has it. */
  readonly #nobody: Buffer

  constructor({ users, key, guesses }: PlainOptions) {
    this.#key = key
    this.#guesses = guesses
    const pairs = [...users].map(([user, password]) => [user, this.#digest(password)] as const)
    this.#digests = new Map(pairs)
    this.#nobody = Buffer.alloc(32)
  }

  begin(host: string): SaslExchange {
    return { step: (token) => this.#check(host, token) }
  }

  #check(host: string, token: Buffer): SaslStep {
    const fields = token.toString('utf8').split('\0')
    const [authorizationId, user, password] = fields
    if (fields.length !== 3 || user === '' || password === '') {
      return refused('Invalid SASL/PLAIN response: expected 3 tokens, of which two are not empty')
    }
    if (Buffer.byteLength(user!) > MAX_BYTES || Buffer.byteLength(password!) > MAX_BYTES) {
      return refused(WRONG)
    }
    const allowed = this.#guesses.allows(host, user!)
    const expected = this.#digests.get(user!)
    // All of it is done for every guess, so that time does not tell what was wrong.
    const same = timingSafeEqual(this.#digest(password!), expected ?? this.#nobody)
    if (!same || expected === undefined || !allowed) {
      this.#guesses.failed(host, user!)
      return refused(WRONG)
    }
    if (authorizationId !== '' && authorizationId !== user) {
      return refused('Authentication failed: Client requested an authorization id that is another')
    }
    return { kind: 'authenticated', token: NO_TOKEN, user: user!, expiresAtMs: null }
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#key).update(password, 'utf8').digest()
  }
}
