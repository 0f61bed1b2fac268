// SCRAM-SHA-256 and SCRAM-SHA-512: the client proves that it knows the password, and the broker that
// it keeps what belongs to it, and neither sends either.
//
//   proof            = client key XOR HMAC(stored key, all that was said)
//   server signature = HMAC(server key, all that was said)
//
// Source: RFC 5802 section 3, without channel binding; RFC 7677.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { ScramMechanismName } from '../../config/security-options.ts'
import type { GuessLimiter } from '../guess-limiter.ts'
import { refused, type SaslExchange, type SaslMechanism, type SaslStep } from './exchange.ts'
import {
  MIN_SCRAM_ITERATIONS,
  SCRAM_HASHES,
  type ScramCredential,
  type ScramHash,
} from './scram-credential.ts'
import {
  type ClientFirst,
  parseClientFinal,
  parseClientFirst,
  serverFinal,
  serverFirst,
} from './scram-messages.ts'

export interface ScramOptions {
  readonly mechanism: ScramMechanismName
  /** What is kept of a user's password; null for an unknown user. */
  readonly credentialOf: (user: string) => ScramCredential | null
  /** 32 random bytes, from which comes the salt that users have who are not there. */
  readonly key: Buffer
  /** Printable characters without a comma that nobody can foresee, others each time. */
  readonly newNonce: () => string
  readonly guesses: GuessLimiter
}

const SALT_BYTES = 20

export class ScramMechanism implements SaslMechanism {
  readonly #options: ScramOptions
  readonly #wrong: string

  constructor(options: ScramOptions) {
    this.#options = options
    this.#wrong = `Authentication failed due to invalid credentials with SASL mechanism ${options.mechanism}`
  }

  begin(host: string): SaslExchange {
    let conversation: Conversation | null = null
    return {
      step: (token) => {
        if (conversation !== null) return this.#finish(host, conversation, token)
        const first = parseClientFirst(token)
        if (first === null) return refused('Invalid SCRAM client first message')
        if (first.authorizationId !== '' && first.authorizationId !== first.user) {
          return refused(
            'Authentication failed: Client requested an authorization id that is another',
          )
        }
        conversation = this.#answer(first)
        return { kind: 'challenge', token: Buffer.from(conversation.serverFirst) }
      },
    }
  }

  #answer(first: ClientFirst): Conversation {
    const { credentialOf, newNonce } = this.#options
    const found = credentialOf(first.user)
    const credential = found ?? this.#nobody(first.user)
    const nonce = first.nonce + newNonce()
    const said = serverFirst(nonce, credential.salt, credential.iterations)
    return { first, nonce, serverFirst: said, credential, exists: found !== null }
  }

  #finish(host: string, conversation: Conversation, token: Buffer): SaslStep {
    const { guesses, mechanism } = this.#options
    const { first, nonce, credential, exists } = conversation
    const hash = SCRAM_HASHES[mechanism]
    const final = parseClientFinal(token)
    if (final === null || final.proof.byteLength !== hash.sizeBytes) {
      return refused('Invalid SCRAM client final message')
    }
    if (final.nonce !== nonce || final.channelBinding !== first.gs2Header) {
      return refused('Invalid client nonce or channel binding in the final client message')
    }
    const said = `${first.bare},${conversation.serverFirst},${final.withoutProof}`
    const allowed = guesses.allows(host, first.user)
    // All of it is done for every guess, so that time does not tell what was wrong.
    const proven = proves(hash, credential, final.proof, said)
    if (!proven || !exists || !allowed) {
      guesses.failed(host, first.user)
      return refused(this.#wrong)
    }
    const signature = createHmac(hash.name, credential.serverKey).update(said, 'utf8').digest()
    const answer = Buffer.from(serverFinal(signature))
    return { kind: 'authenticated', token: answer, user: first.user, expiresAtMs: null }
  }

  /** In place of a user that is not there: the same whenever it is asked for, and never right. */
  #nobody(user: string): ScramCredential {
    const { key, mechanism } = this.#options
    const digest = createHmac('sha512', key).update(`${mechanism} ${user}`).digest()
    const { sizeBytes } = SCRAM_HASHES[mechanism]
    const none = Buffer.alloc(sizeBytes)
    const salt = digest.subarray(0, SALT_BYTES)
    return { salt, storedKey: none, serverKey: none, iterations: MIN_SCRAM_ITERATIONS }
  }
}

/** An exchange after its first message. */
interface Conversation {
  readonly first: ClientFirst
  /** Of both. */
  readonly nonce: string
  readonly serverFirst: string
  readonly credential: ScramCredential
  readonly exists: boolean
}

function proves(
  { name }: ScramHash,
  { storedKey }: ScramCredential,
  proof: Buffer,
  said: string,
): boolean {
  const signature = createHmac(name, storedKey).update(said, 'utf8').digest()
  const clientKey = Buffer.alloc(proof.byteLength)
  for (let at = 0; at < proof.byteLength; at++) clientKey[at] = proof[at]! ^ signature[at]!
  return timingSafeEqual(createHash(name).update(clientKey).digest(), storedKey)
}
