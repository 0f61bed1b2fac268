// SCRAM, the broker's side: the vectors of the RFCs, a client of our own, and everything that a wrong
// client may say.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScramMechanismName } from '../../src/config/security-options.ts'
import { GuessLimiter } from '../../src/security/guess-limiter.ts'
import {
  credentialOf,
  saltPassword,
  SCRAM_HASHES,
  type ScramCredential,
} from '../../src/security/sasl/scram-credential.ts'
import { parseClientFinal, parseClientFirst } from '../../src/security/sasl/scram-messages.ts'
import { ScramMechanism } from '../../src/security/sasl/scram.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScramClient } from '../support/scram-client.ts'

const HOST = '127.0.0.1'
const KEY = Buffer.alloc(32, 1)

function credential(
  mechanism: ScramMechanismName,
  password: string,
  salt = Buffer.from('salt'),
  iterations = 4_096,
): ScramCredential {
  const hash = SCRAM_HASHES[mechanism]
  return credentialOf(hash, saltPassword(hash, password, salt, iterations), salt, iterations)
}

function mechanismOf(
  users: Readonly<Record<string, ScramCredential>>,
  mechanism: ScramMechanismName = 'SCRAM-SHA-256',
  newNonce = () => 'server-nonce',
  key = KEY,
): ScramMechanism {
  return new ScramMechanism({
    mechanism,
    newNonce,
    key,
    guesses: new GuessLimiter(new ManualClock()),
    credentialOf: (user) => (Object.hasOwn(users, user) ? users[user]! : null),
  })
}

describe('the example of RFC 7677 section 3', () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
  const users = { user: credential('SCRAM-SHA-256', 'pencil', salt) }
  const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
  const final = `c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`

  function exchange() {
    const newNonce = () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
    return mechanismOf(users, 'SCRAM-SHA-256', newNonce).begin(HOST)
  }

  test('is answered word for word', () => {
    const began = exchange()
    expect(began.step(Buffer.from(first))).toEqual({
      kind: 'challenge',
      token: Buffer.from(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`),
    })
    expect(began.step(Buffer.from(final))).toEqual({
      kind: 'authenticated',
      token: Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='),
      user: 'user',
      expiresAtMs: null,
    })
  })

  test.each([
    ['another proof', final.replace('p=dH', 'p=dI')],
    ['the nonce of another exchange', final.replace('$k0', '$k1')],
    ['the nonce of the client alone', final.replace(nonce, 'rOprNGfwEbeRWgbNEkqO')],
    ['another channel binding', final.replace('c=biws', 'c=eSws')],
    ['a proof that is too short', final.replace(/p=.*/, 'p=dHzb')],
    ['no proof', final.replace(/,p=.*/, '')],
    ['something said besides', final.replace(',p=', ',x=1,p=')],
    ['nothing', ''],
  ])('is refused with %s', (_, message) => {
    const began = exchange()
    began.step(Buffer.from(first))
    expect(began.step(Buffer.from(message)).kind).toBe('refused')
  })
})

test('the messages of RFC 5802 section 5 are read as they stand there', () => {
  expect(parseClientFirst(Buffer.from('n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL'))).toEqual({
    gs2Header: 'n,,',
    bare: 'n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    user: 'user',
    authorizationId: '',
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
  })
  const nonce = 'fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j'
  const proof = 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts='
  expect(parseClientFinal(Buffer.from(`c=biws,r=${nonce},p=${proof}`))).toEqual({
    channelBinding: 'n,,',
    nonce,
    withoutProof: `c=biws,r=${nonce}`,
    proof: Buffer.from(proof, 'base64'),
  })
})

test('whoever has the password gets in, by either hash, and knows the broker; nobody else does', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  const words = text.filter((word) => word !== '' && !word.includes('\0') && word.isWellFormed())
  const property = fc.property(
    fc.constantFrom('SCRAM-SHA-256', 'SCRAM-SHA-512'),
    words,
    words,
    words,
    (mechanism, user, password, guess) => {
      const { name: hash } = SCRAM_HASHES[mechanism]
      const scram = mechanismOf({ [user]: credential(mechanism, password) }, mechanism)
      const login = (tried: string) => {
        const client = new ScramClient({ hash, user, password: tried, nonce: 'client-nonce' })
        const began = scram.begin(HOST)
        const step = began.step(client.first())
        if (step.kind !== 'challenge') throw new Error(`${user}: ${step.kind}`)
        return { client, end: began.step(client.final(step.token)) }
      }
      const { client, end } = login(password)
      expect(end).toMatchObject({ kind: 'authenticated', user })
      expect(end.kind === 'authenticated' && client.trusts(end.token)).toBe(true)
      if (guess !== password) expect(login(guess).end.kind).toBe('refused')
    },
  )
  fc.assert(property, { numRuns: 40 })
})

test('a user who is not there gets the same salt each time, and hears what a wrong password hears', () => {
  const scram = mechanismOf({ ann: credential('SCRAM-SHA-256', 'secret', Buffer.alloc(20)) })
  const login = (user: string) => {
    const client = new ScramClient({ hash: 'sha256', user, password: 'wrong', nonce: 'n' })
    const began = scram.begin(HOST)
    const step = began.step(client.first())
    if (step.kind !== 'challenge') throw new Error(step.kind)
    return { challenge: step.token.toString(), end: began.step(client.final(step.token)) }
  }
  const [ann, nobody, again] = [login('ann'), login('nobody'), login('nobody')]
  expect(nobody.challenge).toBe(again.challenge)
  expect(login('somebody').challenge).not.toBe(nobody.challenge)
  expect(nobody.challenge.length).toBe(ann.challenge.length)
  expect(nobody.end).toEqual(ann.end)
  expect(login('__proto__').end.kind).toBe('refused')
})

test.each([
  ['channel binding', 'p=tls-unique,,n=ann,r=x'],
  ['an extension that must be understood', 'n,,m=x,n=ann,r=x'],
  ['no user', 'n,,n=,r=x'],
  ['no nonce', 'n,,n=ann,r='],
  ['a nonce with a comma', 'n,,n=ann,r=a,b'],
  ['an escape that is none', 'n,,n=a=2D,r=x'],
  ['another name to act as', 'n,a=root,n=ann,r=x'],
  ['a name of a megabyte', `n,,n=${'a'.repeat(1_000_000)},r=x`],
  ['no words', '\u0000\u0001'],
])('a first message with %s is refused', (_, message) => {
  const scram = mechanismOf({ ann: credential('SCRAM-SHA-256', 'secret') })
  expect(scram.begin(HOST).step(Buffer.from(message)).kind).toBe('refused')
})

test('the client may say that it acts as itself', () => {
  const scram = mechanismOf({ 'a,b': credential('SCRAM-SHA-256', 'secret') })
  const login = { hash: 'sha256', user: 'a,b', password: 'secret', nonce: 'n' } as const
  const client = new ScramClient({ ...login, gs2Header: 'n,a=a=2Cb,' })
  const began = scram.begin(HOST)
  const step = began.step(client.first())
  if (step.kind !== 'challenge') throw new Error(step.kind)
  expect(began.step(client.final(step.token))).toMatchObject({ user: 'a,b' })
})
