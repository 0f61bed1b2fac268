// What is kept of a password for SCRAM: enough to check it, too little to use it.
//
//   salted password = PBKDF2(password, salt, iterations)        never kept
//   stored key      = H(HMAC(salted password, "Client Key"))
//   server key      = HMAC(salted password, "Server Key")
//
// Source: RFC 5802 section 3; RFC 7677.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import type { ScramMechanismName } from '../../config/security-options.ts'

/** Fewest and most iterations, as Kafka has them. More would make each log-in of a client slow. */
export const MIN_SCRAM_ITERATIONS = 4_096
export const MAX_SCRAM_ITERATIONS = 16_384

export interface ScramCredential {
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
  readonly iterations: number
}

export interface ScramHash {
  /** As node:crypto calls it. */
  readonly name: 'sha256' | 'sha512'
  readonly sizeBytes: number
}

export const SCRAM_HASHES: Readonly<Record<ScramMechanismName, ScramHash>> = {
  'SCRAM-SHA-256': { name: 'sha256', sizeBytes: 32 },
  'SCRAM-SHA-512': { name: 'sha512', sizeBytes: 64 },
}

/** @param saltedPassword what PBKDF2 gave, of the hash's size */
export function credentialOf(
  { name }: ScramHash,
  saltedPassword: Uint8Array,
  salt: Buffer,
  iterations: number,
): ScramCredential {
  const clientKey = createHmac(name, saltedPassword).update('Client Key').digest()
  const storedKey = createHash(name).update(clientKey).digest()
  const serverKey = createHmac(name, saltedPassword).update('Server Key').digest()
  return { salt, storedKey, serverKey, iterations }
}

/** The slow part, some milliseconds: clients and tools do it, a broker does not. */
export function saltPassword(
  { name, sizeBytes }: ScramHash,
  password: string,
  salt: Buffer,
  iterations: number,
): Buffer {
  return pbkdf2Sync(password, salt, iterations, sizeBytes, name)
}
