// How a connection says who it is: SASL with PLAIN or SCRAM, inside SaslAuthenticate frames.
//
//   PLAIN   client  NUL user NUL password
//   SCRAM   client  n,,n=user,r=nonce
//           broker  r=nonce and more,s=salt,i=iterations
//           client  c=biws,r=nonce and more,p=proof
//           broker  v=signature
//
// Source: RFC 4616 (PLAIN), RFC 5802 and 7677 (SCRAM), Kafka's protocol guide.

import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { RandomSource } from '../../io/random.ts'
import { SASL_AUTHENTICATE } from '../../protocol/kafka/gen/sasl-authenticate.ts'
import { SASL_HANDSHAKE } from '../../protocol/kafka/gen/sasl-handshake.ts'
import type { SaslOptions } from '../connection-options.ts'
import { SluiceError } from '../errors.ts'
import type { ClientApi } from './broker-connection.ts'
import { throwErrorOf } from './kafka-error.ts'

/** Asks the broker before it takes other requests. */
export type Exchange = <Init, Response>(
  api: ClientApi<Init, Response>,
  message: Init,
) => Promise<Response>

/** @throws SluiceError SASL_AUTHENTICATION_FAILED, UNSUPPORTED_SASL_MECHANISM */
export type Authenticate = (exchange: Exchange) => Promise<void>

/** Iterations that SCRAM may ask of us: fewer are unsafe, more would hold us up. */
const MIN_ITERATIONS = 4_096
const MAX_ITERATIONS = 1_000_000

const NONCE_BYTES = 24

const derive = promisify(pbkdf2)

export function authenticator(options: SaslOptions, random: RandomSource): Authenticate {
  return async (exchange) => {
    const mechanism = options.mechanism.toUpperCase()
    const handshake = await exchange(SASL_HANDSHAKE, { mechanism })
    const offered = handshake.mechanisms.join(', ')
    throwErrorOf(handshake.errorCode, null, { mechanism, offered })
    const say = async (text: string): Promise<string> => {
      const authBytes = Buffer.from(text, 'utf8')
      const answer = await exchange(SASL_AUTHENTICATE, { authBytes })
      throwErrorOf(answer.errorCode, answer.errorMessage)
      return answer.authBytes.toString('utf8')
    }
    if (options.mechanism === 'plain') await say(`\0${options.username}\0${options.password}`)
    else await scram(options, random, say)
  }
}

async function scram(
  { mechanism, username, password }: SaslOptions,
  random: RandomSource,
  say: (text: string) => Promise<string>,
): Promise<void> {
  const hash = mechanism === 'scram-sha-256' ? 'sha256' : 'sha512'
  const hmac = (key: Uint8Array, text: string): Buffer =>
    createHmac(hash, key).update(text).digest()

  const nonce = random.bytes(NONCE_BYTES).toString('base64')
  const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C')
  const first = `n=${name},r=${nonce}`
  const challenge = await say(`n,,${first}`)
  const { r: wholeNonce, s: salt, i: iterations } = fields(challenge)
  const count = Number(iterations)
  if (wholeNonce === undefined || salt === undefined || !wholeNonce.startsWith(nonce)) {
    throw refused('The broker’s challenge is not SCRAM')
  }
  if (!(count >= MIN_ITERATIONS && count <= MAX_ITERATIONS)) {
    throw refused(`The broker asks for ${iterations} iterations`)
  }

  const keyBytes = hash === 'sha256' ? 32 : 64
  const salted = await derive(password, Buffer.from(salt, 'base64'), count, keyBytes, hash)
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = createHash(hash).update(clientKey).digest()
  const last = `c=biws,r=${wholeNonce}`
  const signed = `${first},${challenge},${last}`
  const signature = hmac(storedKey, signed)
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!))
  const { v: verifier = '' } = fields(await say(`${last},p=${proof.toString('base64')}`))

  const expected = hmac(hmac(salted, 'Server Key'), signed)
  const given = Buffer.from(verifier, 'base64')
  if (given.byteLength === expected.byteLength && timingSafeEqual(given, expected)) return
  throw refused('The broker does not know the password')
}

/** `a=1,b=2` by name. */
function fields(text: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(text.split(',').map((field) => [field[0] ?? '', field.slice(2)]))
}

function refused(message: string): SluiceError {
  return new SluiceError('SASL_AUTHENTICATION_FAILED', {}, { message })
}
