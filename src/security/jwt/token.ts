// JSON Web Tokens: three parts in base64url, by dots. The signature is over the first two as they are.
//
//   {"alg":"RS256","kid":"…"} . {"sub":"alice","exp":1700000000,…} . signature
//
// Source: RFC 7515 (compact serialization), RFC 7519; RFC 8725 for what must be refused.

import { verify } from 'node:crypto'
import type { TokenAlgorithm, TokenKey } from './key-set.ts'

export interface TokenRules {
  /** Keys of an algorithm: those of that name, and all when the token names none. */
  readonly keys: (algorithm: TokenAlgorithm, id: string | null) => readonly TokenKey[]
  /** Empty: anybody. */
  readonly issuer: string
  /** One of them has to be among the token's. Empty: any, or none. */
  readonly audiences: readonly string[]
  /** How far clocks may be apart, in milliseconds. */
  readonly clockSkewMs: number
  /** The claim that names the user. */
  readonly userClaim: string
}

export interface CheckedToken {
  readonly user: string
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
}

/** Longest token and longest user name, in characters. */
const MAX_TOKEN = 64 * 1024
const MAX_USER = 1_024

const PARTS = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/**
 * Checks a token.
 *
 * @param nowMs milliseconds since 1970
 * @returns null when it is not to be trusted, whatever the reason
 */
export function checkToken(text: string, rules: TokenRules, nowMs: number): CheckedToken | null {
  if (text.length > MAX_TOKEN) return null
  const match = PARTS.exec(text)
  if (match === null) return null
  const [, head, body, signature] = match as unknown as [string, string, string, string]
  const header = jsonOf(head)
  // A header that says "crit" demands what is not understood here.
  if (header === null || 'crit' in header) return null
  const { alg, kid } = header
  if (alg !== 'RS256' && alg !== 'ES256') return null
  const keys = rules.keys(alg, typeof kid === 'string' ? kid : null)
  if (!isSigned(keys, `${head}.${body}`, Buffer.from(signature, 'base64url'))) return null
  const claims = jsonOf(body)
  return claims === null ? null : checkClaims(claims, rules, nowMs)
}

function isSigned(keys: readonly TokenKey[], signed: string, signature: Buffer): boolean {
  const bytes = Buffer.from(signed, 'ascii')
  return keys.some(({ key }) => {
    // A JWT has both numbers of an elliptic signature one after the other, without a frame.
    return verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature)
  })
}

type Json = Readonly<Record<string, unknown>>

function checkClaims(claims: Json, rules: TokenRules, nowMs: number): CheckedToken | null {
  const { exp, nbf, iat, iss, aud } = claims
  const user = claims[rules.userClaim]
  if (typeof user !== 'string' || user === '' || user.length > MAX_USER) return null
  const skewSeconds = rules.clockSkewMs / 1_000
  const now = nowMs / 1_000
  if (!isTime(exp) || exp + skewSeconds <= now) return null
  if (nbf !== undefined && (!isTime(nbf) || nbf - skewSeconds > now)) return null
  if (iat !== undefined && (!isTime(iat) || iat - skewSeconds > now)) return null
  if (rules.issuer !== '' && iss !== rules.issuer) return null
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (rules.audiences.length > 0 && !rules.audiences.some((one) => audiences.includes(one))) {
    return null
  }
  return { user, expiresAtMs: Math.min(exp * 1_000, Number.MAX_SAFE_INTEGER) }
}

/** Seconds since 1970. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function jsonOf(part: string): Json | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Json) : null
  } catch {
    return null // not JSON: no token of ours
  }
}
