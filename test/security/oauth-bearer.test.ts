// OAUTHBEARER: the messages of RFC 7628, and which tokens are trusted.

import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/observability/logger.ts'
import { KeyFile } from '../../src/security/jwt/key-file.ts'
import { parseKeySet } from '../../src/security/jwt/key-set.ts'
import { checkToken, type TokenRules } from '../../src/security/jwt/token.ts'
import { OauthBearerMechanism } from '../../src/security/sasl/oauth-bearer.ts'
import { ManualClock } from '../support/manual-clock.ts'

const NOW_MS = 1_700_000_000_000
const NOW = NOW_MS / 1_000

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function jwk(key: KeyObject, kid: string): object {
  return { ...key.export({ format: 'jwk' }), kid, use: 'sig' }
}

const KEY_SET = JSON.stringify({
  keys: [
    jwk(rsa.publicKey, 'rsa'),
    jwk(ec.publicKey, 'ec'),
    { kty: 'oct', kid: 'hmac', k: 'c2VjcmV0' },
    { ...jwk(other.publicKey, 'encryption'), use: 'enc' },
  ],
})

const keys = parseKeySet(KEY_SET)

const RULES: TokenRules = {
  keys: (algorithm, id) => {
    return keys.filter((key) => key.algorithm === algorithm && (id === null || key.id === id))
  },
  issuer: '',
  audiences: [],
  clockSkewMs: 30_000,
  userClaim: 'sub',
}

type Json = Readonly<Record<string, unknown>>

const GOOD: Json = { sub: 'ann', exp: NOW + 60 }

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function token(claims: Json, header: Json = {}, key: KeyObject = ec.privateKey): string {
  const alg = key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256'
  const signed = `${part({ alg, ...header })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

function check(text: string, rules: Partial<TokenRules> = {}): string | null {
  return checkToken(text, { ...RULES, ...rules }, NOW_MS)?.user ?? null
}

describe('a token', () => {
  test('is trusted with a good signature of either kind, by the name of its key or without', () => {
    expect(check(token(GOOD))).toBe('ann')
    expect(check(token(GOOD, { kid: 'ec' }))).toBe('ann')
    expect(check(token(GOOD, { kid: 'rsa' }, rsa.privateKey))).toBe('ann')
    expect(checkToken(token(GOOD), RULES, NOW_MS)).toEqual({
      user: 'ann',
      expiresAtMs: NOW_MS + 60_000,
    })
  })

  test.each([
    ['has no signature', `${part({ alg: 'none' })}.${part(GOOD)}.`],
    ['says that it needs no signature', `${part({ alg: 'none' })}.${part(GOOD)}.AAAA`],
    ['is signed by somebody else', token(GOOD, {}, other.privateKey)],
    [
      'is signed by somebody else in the name of a key',
      token(GOOD, { kid: 'ec' }, other.privateKey),
    ],
    ['names a key that is not there', token(GOOD, { kid: 'gone' })],
    ['names a key of the other kind', token(GOOD, { kid: 'rsa' })],
    ['calls its signature another', token(GOOD, { alg: 'RS256' })],
    ['is signed by a shared secret', token(GOOD, { alg: 'HS256', kid: 'hmac' })],
    ['demands what is not understood', token(GOOD, { crit: ['b64'], b64: false })],
    ['was changed', token(GOOD).replace(/\.[^.]+\./, `.${part({ ...GOOD, sub: 'root' })}.`)],
    ['has run out', token({ ...GOOD, exp: NOW - 30 })],
    ['never runs out', token({ sub: 'ann' })],
    ['runs out at no time', token({ ...GOOD, exp: 'tomorrow' })],
    ['is not valid yet', token({ ...GOOD, nbf: NOW + 31 })],
    ['was issued in the future', token({ ...GOOD, iat: NOW + 31 })],
    ['names nobody', token({ exp: NOW + 60 })],
    ['names nobody in particular', token({ ...GOOD, sub: '' })],
    ['names a list', token({ ...GOOD, sub: ['ann'] })],
    ['has claims that are none', token([] as unknown as Json)],
    ['has four parts', `${token(GOOD)}.AAAA`],
    ['is no token', 'ann'],
    ['is a megabyte', 'a'.repeat(1_000_000)],
  ])('that %s is not trusted', (_, text) => {
    expect(check(text)).toBeNull()
  })

  test('is trusted within the skew that clocks are allowed', () => {
    expect(check(token({ ...GOOD, exp: NOW - 29, nbf: NOW + 29, iat: NOW + 29 }))).toBe('ann')
  })

  test('has to be from the expected issuer, and for one of the expected audiences', () => {
    const issuer = 'https://issuer'
    expect(check(token({ ...GOOD, iss: issuer }), { issuer })).toBe('ann')
    expect(check(token(GOOD), { issuer })).toBeNull()
    expect(check(token({ ...GOOD, iss: 'https://other' }), { issuer })).toBeNull()
    const audiences = ['kafka', 'sluice']
    expect(check(token({ ...GOOD, aud: 'sluice' }), { audiences })).toBe('ann')
    expect(check(token({ ...GOOD, aud: ['x', 'kafka'] }), { audiences })).toBe('ann')
    expect(check(token(GOOD), { audiences })).toBeNull()
    expect(check(token({ ...GOOD, aud: 'x' }), { audiences })).toBeNull()
  })

  test('names its user by the claim that is configured', () => {
    expect(check(token({ exp: NOW + 60, client: 'app' }), { userClaim: 'client' })).toBe('app')
  })
})

describe('a key set', () => {
  test('with a weak key, or that is none, is refused', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    const set = JSON.stringify({ keys: [jwk(weak.publicKey, 'weak')] })
    expect(() => parseKeySet(set)).toThrow('1024 bits')
    expect(() => parseKeySet('{}')).toThrow('keys')
    expect(() => parseKeySet('{"keys":[{"kty":"RSA","n":"AA"}]}')).toThrow()
  })

  test('is read again when a token names a new key, and not more often than it should be', () => {
    const clock = new ManualClock()
    let reads = 0
    let text = JSON.stringify({ keys: [jwk(rsa.publicKey, 'rsa')] })
    const file = new KeyFile(
      () => {
        reads += 1
        return text
      },
      clock,
      silentLogger,
    )
    text = KEY_SET
    expect(file.find('ES256', 'ec')).toEqual([])
    clock.advance(10_000)
    expect(file.find('ES256', 'ec').map(({ id }) => id)).toEqual(['ec'])
    clock.advance(10_000)
    text = 'torn'
    expect(file.find('ES256', 'gone')).toEqual([])
    expect(file.find('ES256', 'ec')).toHaveLength(1)
    expect(file.find('ES256', 'gone')).toEqual([])
    expect(reads).toBe(3)
  })
})

describe('the exchange', () => {
  const mechanism = new OauthBearerMechanism({ rules: RULES, now: () => NOW_MS })
  const say = (text: string) => mechanism.begin().step(Buffer.from(text))
  const good = token(GOOD)

  test('lets in whoever shows a good token', () => {
    expect(say(`n,,\x01auth=Bearer ${good}\x01\x01`)).toEqual({
      kind: 'authenticated',
      token: Buffer.alloc(0),
      user: 'ann',
      expiresAtMs: NOW_MS + 60_000,
    })
    expect(say(`n,a=ann,\x01auth=Bearer ${good}\x01host=x\x01\x01`).kind).toBe('authenticated')
  })

  test('tells an error in JSON, and fails when the client has answered 0x01 (RFC 7628 3.2.3)', () => {
    const exchange = mechanism.begin()
    const bad = token({ ...GOOD, exp: NOW - 99 })
    expect(exchange.step(Buffer.from(`n,,\x01auth=Bearer ${bad}\x01\x01`))).toEqual({
      kind: 'challenge',
      token: Buffer.from('{"status":"invalid_token"}'),
    })
    expect(exchange.step(Buffer.from('\x01')).kind).toBe('refused')
  })

  test('does not take a good token after a bad one', () => {
    const exchange = mechanism.begin()
    exchange.step(Buffer.from(`n,,\x01auth=Bearer x.y.z\x01\x01`))
    expect(exchange.step(Buffer.from(`n,,\x01auth=Bearer ${good}\x01\x01`)).kind).toBe('refused')
  })

  test.each([
    ['nothing', ''],
    ['no token', 'n,,\x01\x01'],
    ['two tokens', `n,,\x01auth=Bearer ${good}\x01auth=Bearer ${good}\x01\x01`],
    ['another scheme', `n,,\x01auth=Basic ${good}\x01\x01`],
    ['no end', `n,,\x01auth=Bearer ${good}\x01`],
    ['channel binding', `p=x,,\x01auth=Bearer ${good}\x01\x01`],
    ['another name to act as', `n,a=root,\x01auth=Bearer ${good}\x01\x01`],
  ])('refuses %s', (_, text) => {
    expect(say(text).kind).toBe('refused')
  })
})
