// Users' passwords for SCRAM: who has one, and changes to it. What is kept lets a password be checked,
// and is of no use to log in with.

import { BrokerError } from '../../base/errors.ts'
import type { ScramMechanismName } from '../../config/security-options.ts'
import type { Slices } from '../../io/slices.ts'
import type { ClusterControl, ScramChange } from '../../metadata/cluster-control.ts'
import type { MetadataStore } from '../../metadata/metadata-store.ts'
import {
  credentialOf,
  MAX_SCRAM_ITERATIONS,
  MIN_SCRAM_ITERATIONS,
  SCRAM_HASHES,
  type ScramCredential,
} from '../../security/sasl/scram-credential.ts'
import type { Caller } from '../caller.ts'

export interface CredentialServiceOptions {
  readonly control: ClusterControl
  readonly store: Pick<MetadataStore, 'image'>
  /** Passwords are hashed in them: one takes some 60 µs. */
  readonly slices: Slices
}

/** A password as a client sends it: hashed already. */
export interface SaltedPassword {
  readonly salt: Buffer
  /** PBKDF2 of the password, of the size of the mechanism's hash. */
  readonly saltedPassword: Buffer
  readonly iterations: number
}

export interface CredentialChange {
  readonly user: string
  readonly mechanism: ScramMechanismName
  /** Null: it goes. */
  readonly password: SaltedPassword | null
}

export interface DescribedCredential {
  readonly mechanism: ScramMechanismName
  readonly iterations: number
}

export interface DescribedUser {
  readonly user: string
  /** RESOURCE_NOT_FOUND, DUPLICATE_RESOURCE, or null. */
  readonly error: BrokerError | null
  readonly credentials: readonly DescribedCredential[]
}

/** So many passwords are hashed at once, whoever waits. */
const FEW = 16

/** Longest user name and salt, in bytes. */
const MAX_BYTES = 1_024

export class CredentialService {
  readonly #options: CredentialServiceOptions

  constructor(options: CredentialServiceOptions) {
    this.#options = options
  }

  /** @param users null for all, by name */
  describe(_caller: Caller, users: readonly string[] | null): readonly DescribedUser[] {
    const { image } = this.#options.store
    const seen = new Set<string>()
    const twice = new Set((users ?? []).filter((user) => seen.size === seen.add(user).size))
    return [...new Set(users ?? image.scramUsers().sort())].map((user) => {
      const none = { user, credentials: [] }
      if (twice.has(user)) {
        const message = 'The user is named more than once'
        return { ...none, error: new BrokerError('DUPLICATE_RESOURCE', { message }) }
      }
      const found = image.scramCredentials(user)
      if (found.size === 0) {
        const message = 'The user has no credential'
        return { ...none, error: new BrokerError('RESOURCE_NOT_FOUND', { message }) }
      }
      const credentials = [...found].map(([mechanism, { iterations }]) => ({
        mechanism,
        iterations,
      }))
      return { user, error: null, credentials }
    })
  }

  /**
   * Changes passwords; all changes of a user are made, or none.
   *
   * @returns by user, in the order of their first change: UNACCEPTABLE_CREDENTIAL,
   *   DUPLICATE_RESOURCE, RESOURCE_NOT_FOUND, or null
   */
  async alter(
    _caller: Caller,
    changes: readonly CredentialChange[],
  ): Promise<ReadonlyMap<string, BrokerError | null>> {
    const results = new Map<string, BrokerError | null>()
    for (const change of changes) {
      results.set(change.user, results.get(change.user) ?? problemOf(change))
    }
    const sound = changes.filter(({ user }) => results.get(user) === null)
    const decided = await this.#options.control.alterScram(await this.#hashed(sound))
    for (const [user, error] of decided) results.set(user, error)
    return results
  }

  async #hashed(changes: readonly CredentialChange[]): Promise<ScramChange[]> {
    const { slices } = this.#options
    const hashed: ScramChange[] = []
    for (const change of changes) {
      if (hashed.length >= FEW && slices.over) await slices.next()
      hashed.push(kept(change))
    }
    return hashed
  }

  /** What a password of the user is checked against; null for an unknown user. */
  credentialOf(mechanism: ScramMechanismName, user: string): ScramCredential | null {
    const found = this.#options.store.image.scramCredentials(user).get(mechanism)
    if (found === undefined) return null
    return {
      salt: Buffer.from(found.salt, 'base64'),
      storedKey: Buffer.from(found.storedKey, 'base64'),
      serverKey: Buffer.from(found.serverKey, 'base64'),
      iterations: found.iterations,
    }
  }
}

function problemOf({ user, mechanism, password }: CredentialChange): BrokerError | null {
  const problem =
    nameProblem(user) ?? (password === null ? null : passwordProblem(mechanism, password))
  return problem === null ? null : new BrokerError('UNACCEPTABLE_CREDENTIAL', { message: problem })
}

function nameProblem(user: string): string | null {
  if (user === '') return 'A user has a name'
  const bytes = Buffer.byteLength(user)
  return bytes > MAX_BYTES ? `The name of a user has at most ${MAX_BYTES} bytes` : null
}

function passwordProblem(
  mechanism: ScramMechanismName,
  { salt, saltedPassword, iterations }: SaltedPassword,
): string | null {
  if (iterations < MIN_SCRAM_ITERATIONS)
    return `Too few iterations: ${MIN_SCRAM_ITERATIONS} or more`
  if (iterations > MAX_SCRAM_ITERATIONS)
    return `Too many iterations: ${MAX_SCRAM_ITERATIONS} at most`
  if (salt.byteLength === 0 || salt.byteLength > MAX_BYTES)
    return `A salt has 1 to ${MAX_BYTES} bytes`
  const { sizeBytes } = SCRAM_HASHES[mechanism]
  if (saltedPassword.byteLength === sizeBytes) return null
  return `A salted password of ${mechanism} has ${sizeBytes} bytes`
}

function kept({ user, mechanism, password }: CredentialChange): ScramChange {
  if (password === null) return { user, mechanism, credential: null }
  const { salt, saltedPassword, iterations } = password
  const hash = SCRAM_HASHES[mechanism]
  const { storedKey, serverKey } = credentialOf(hash, saltedPassword, salt, iterations)
  const texts = {
    salt: salt.toString('base64'),
    storedKey: storedKey.toString('base64'),
    serverKey: serverKey.toString('base64'),
    iterations,
  }
  return { user, mechanism, credential: texts }
}
