// The public keys that tokens are signed with: a JSON Web Key Set in a file.
//
// Source: RFC 7517; RFC 7518 section 6.

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** Signatures that are checked: RSA with SHA-256, and ECDSA over P-256 with SHA-256. */
export type TokenAlgorithm = 'RS256' | 'ES256'

export interface TokenKey {
  /** Null when the key has no name. */
  readonly id: string | null
  readonly algorithm: TokenAlgorithm
  readonly key: KeyObject
}

/** Keys of one set. */
const MAX_KEYS = 1_000

const MIN_RSA_BITS = 2_048

/**
 * Reads a key set. Keys of other kinds, or for encryption, are left out.
 *
 * @throws Error when the text is no key set, or a key is malformed or too weak
 */
export function parseKeySet(text: string): TokenKey[] {
  const { keys } = JSON.parse(text) as { readonly keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('no key set: it has no list "keys"')
  if (keys.length > MAX_KEYS) throw new Error(`a key set has at most ${MAX_KEYS} keys`)
  return keys.flatMap((jwk: JsonWebKey) => keyOf(jwk) ?? [])
}

function keyOf(jwk: JsonWebKey): TokenKey | null {
  const algorithm = algorithmOf(jwk)
  if (algorithm === null || (jwk['use'] !== undefined && jwk['use'] !== 'sig')) return null
  const { kty, n, e, crv, x, y, kid } = jwk
  // The public part alone, whatever else the file has.
  const parts = algorithm === 'RS256' ? { kty, n, e } : { kty, crv, x, y }
  const key = createPublicKey({ key: parts as JsonWebKey, format: 'jwk' })
  const bits = key.asymmetricKeyDetails?.modulusLength ?? Infinity
  const id = typeof kid === 'string' ? kid : null
  if (bits < MIN_RSA_BITS)
    throw new Error(`key ${id} has ${bits} bits, and ${MIN_RSA_BITS} are safe`)
  return { id, algorithm, key }
}

function algorithmOf({ kty, crv, alg }: JsonWebKey): TokenAlgorithm | null {
  const found = kty === 'RSA' ? 'RS256' : kty === 'EC' && crv === 'P-256' ? 'ES256' : null
  return alg === undefined || alg === found ? found : null
}
