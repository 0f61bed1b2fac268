// OAUTHBEARER: a token that somebody else has signed.
//
//   n,[a=authorization id], 0x01 auth=Bearer token 0x01 [key=value 0x01]… 0x01
//
// A client whose token is refused is told so in JSON, says 0x01, and fails then.
//
// Source: RFC 7628 section 3; KIP-255.

import { checkToken, type TokenRules } from '../jwt/token.ts'
import {
  NO_TOKEN,
  refused,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
} from './exchange.ts'

/** Stands between the parts of a message, and ends it. */
const BREAK = String.fromCharCode(1)

const MESSAGE = new RegExp(
  `^n,(?:a=([^,]*))?,${BREAK}((?:[A-Za-z]+=[^${BREAK}]*${BREAK})*)${BREAK}$`,
)
const BEARER = /^bearer +(\S+)$/i

/** Largest message, in bytes. */
const MAX_BYTES = 128 * 1024

export interface OauthBearerOptions {
  readonly rules: TokenRules
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export class OauthBearerMechanism implements SaslMechanism {
  readonly #options: OauthBearerOptions

  constructor(options: OauthBearerOptions) {
    this.#options = options
  }

  begin(): SaslExchange {
    let failed = false
    return {
      step: (message) => {
        // Whatever the client says to the error: it has failed.
        if (failed) return refused('Authentication failed: the token is not valid')
        const step = this.#check(message)
        if (step !== null) return step
        failed = true
        return { kind: 'challenge', token: Buffer.from('{"status":"invalid_token"}') }
      },
    }
  }

  /** @returns null when the token is not to be trusted */
  #check(message: Buffer): SaslStep | null {
    const match = message.byteLength > MAX_BYTES ? null : MESSAGE.exec(message.toString('utf8'))
    if (match === null) return refused('Invalid OAUTHBEARER client first message')
    const [, authorizationId = '', pairs] = match
    const values = pairs!.split(BREAK).filter((pair) => /^auth=/i.test(pair))
    const bearer = values.length === 1 ? BEARER.exec(values[0]!.slice('auth='.length)) : null
    if (bearer === null) return refused('Invalid OAUTHBEARER client first message: no bearer token')
    const { rules, now } = this.#options
    const token = checkToken(bearer[1]!, rules, now())
    if (token === null) return null
    const { user, expiresAtMs } = token
    if (authorizationId !== '' && unescaped(authorizationId) !== user) {
      return refused('Authentication failed: Client requested an authorization id that is another')
    }
    return { kind: 'authenticated', token: NO_TOKEN, user, expiresAtMs }
  }
}

function unescaped(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
