// The authentication of a connection: in which order what may be said, and how long it holds.

import { beforeEach, expect, test } from 'vitest'
import { SaslServer, type SaslAnswer } from '../../src/security/sasl-server.ts'
import type { SaslMechanism, SaslStep } from '../../src/security/sasl/exchange.ts'
import { ManualClock } from '../support/manual-clock.ts'

let clock: ManualClock

beforeEach(() => {
  clock = new ManualClock()
})

/** Lets in whoever gives a name; "more" has to say more, "late:name" is let in until a second on. */
const BY_NAME: SaslMechanism = {
  begin: () => ({
    step: (token): SaslStep => {
      const text = token.toString()
      if (text === 'more') return { kind: 'challenge', token: Buffer.from('say more') }
      if (text === '') return { kind: 'refused', message: 'no name' }
      const expiresAtMs = text.startsWith('late:') ? clock.now() + 1_000 : null
      return { kind: 'authenticated', token: Buffer.from('hi'), user: text.slice(-3), expiresAtMs }
    },
  }),
}

function session(maxReauthMs = 0) {
  const mechanisms = new Map([['PLAIN', BY_NAME] as const])
  const server = new SaslServer({ clock, mechanisms, maxReauthMs, failedDelayMs: 100 })
  return server.newSession('127.0.0.1')
}

const say = (text: string) => Buffer.from(text)

test('a handshake, tokens, and the client is who it says it is', async () => {
  const made = session()
  expect(made.principal).toBeNull()
  made.handshake('PLAIN')
  expect(await made.authenticate(say('more'))).toEqual<SaslAnswer>({
    token: say('say more'),
    complete: false,
    lifetimeMs: 0,
  })
  expect(made.principal).toBeNull()
  expect(await made.authenticate(say('ann'))).toEqual<SaslAnswer>({
    token: say('hi'),
    complete: true,
    lifetimeMs: 0,
  })
  expect(made.principal).toBe('User:ann')
})

test('tokens without a handshake, two handshakes, and tokens after the end are out of order', async () => {
  const made = session()
  await expect(made.authenticate(say('ann'))).rejects.toThrow('ILLEGAL_SASL_STATE')
  made.handshake('PLAIN')
  expect(() => made.handshake('PLAIN')).toThrow('ILLEGAL_SASL_STATE')
  await made.authenticate(say('ann'))
  await expect(made.authenticate(say('ann'))).rejects.toThrow('ILLEGAL_SASL_STATE')
})

test('a mechanism that is not offered is refused with those that are, and ends it', () => {
  const made = session()
  expect(() => made.handshake('GSSAPI')).toThrow(/UNSUPPORTED_SASL_MECHANISM.*PLAIN/)
  expect(() => made.handshake('PLAIN')).toThrow('ILLEGAL_SASL_STATE')
})

test('where nobody has to authenticate nobody can', () => {
  const options = { clock, mechanisms: new Map(), maxReauthMs: 0, failedDelayMs: 0 }
  const server = new SaslServer(options)
  expect(server.enabled).toBe(false)
  expect(() => server.newSession('h').handshake('PLAIN')).toThrow('ILLEGAL_SASL_STATE')
})

test('a client that failed hears of it after a while, and can do nothing more', async () => {
  const made = session()
  made.handshake('PLAIN')
  let told = false
  const failed = made.authenticate(say('')).catch((error: Error) => {
    told = true
    return error.message
  })
  clock.advance(99)
  await Promise.resolve()
  expect(told).toBe(false)
  clock.advance(1)
  expect(await failed).toContain('SASL_AUTHENTICATION_FAILED: no name')
  expect(() => made.handshake('PLAIN')).toThrow('ILLEGAL_SASL_STATE')
})

test('authentication holds as long as the token and the option say, whichever ends first', async () => {
  const lifetime = async (maxReauthMs: number, text: string) => {
    const made = session(maxReauthMs)
    made.handshake('PLAIN')
    return (await made.authenticate(say(text))).lifetimeMs
  }
  expect(await lifetime(0, 'ann')).toBe(0)
  expect(await lifetime(5_000, 'ann')).toBe(5_000)
  expect(await lifetime(5_000, 'late:ann')).toBe(1_000)
  expect(await lifetime(500, 'late:ann')).toBe(500)
  expect(await lifetime(0, 'late:ann')).toBe(1_000)
})

test('a client may authenticate again as itself, and not as another', async () => {
  const made = session()
  for (let times = 0; times < 2; times++) {
    made.handshake('PLAIN')
    await made.authenticate(say('ann'))
  }
  made.handshake('PLAIN')
  const other = made.authenticate(say('bob')).catch((error: Error) => error.message)
  clock.advance(100)
  expect(await other).toContain('Cannot change principals')
  expect(made.principal).toBe('User:ann')
})
