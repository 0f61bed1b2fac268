// Decides over users' passwords for SCRAM: what of a request is done, user by user.

import { BrokerError } from '../base/errors.ts'
import type { ScramChange } from '../metadata/cluster-control.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'
import type { MetadataRecord } from '../metadata/metadata-record.ts'

export interface ScramDecision {
  /** By user: why nothing of it is changed, or null. */
  readonly results: ReadonlyMap<string, BrokerError | null>
  readonly records: readonly MetadataRecord[]
}

/** All changes of one user are made, or none of them. */
export function decideScram(image: MetadataImage, changes: readonly ScramChange[]): ScramDecision {
  const results = new Map<string, BrokerError | null>()
  const records: MetadataRecord[] = []
  for (const [user, ofUser] of byUser(changes)) {
    const problem = problemOf(image, user, ofUser)
    results.set(user, problem)
    if (problem === null) records.push(...ofUser.map(recordOf))
  }
  return { results, records }
}

function byUser(changes: readonly ScramChange[]): Map<string, ScramChange[]> {
  const users = new Map<string, ScramChange[]>()
  for (const change of changes) {
    const ofUser = users.get(change.user)
    if (ofUser === undefined) users.set(change.user, [change])
    else ofUser.push(change)
  }
  return users
}

function problemOf(
  image: MetadataImage,
  user: string,
  changes: readonly ScramChange[],
): BrokerError | null {
  if (new Set(changes.map(({ mechanism }) => mechanism)).size < changes.length) {
    const message = 'A credential of a user is changed once in a request'
    return new BrokerError('DUPLICATE_RESOURCE', { message })
  }
  const known = image.scramCredentials(user)
  for (const { mechanism, credential } of changes) {
    if (credential !== null || known.has(mechanism)) continue
    const message = 'The credential that is to be deleted does not exist'
    return new BrokerError('RESOURCE_NOT_FOUND', { message })
  }
  return null
}

function recordOf({ user, mechanism, credential }: ScramChange): MetadataRecord {
  if (credential === null) return { type: 'ScramCredentialRemoved', user, mechanism }
  return { type: 'ScramCredentialSet', user, mechanism, ...credential }
}
