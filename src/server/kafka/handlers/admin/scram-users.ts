// Users of SCRAM over the Kafka protocol: DescribeUserScramCredentials, AlterUserScramCredentials.

import { BrokerError } from '../../../../base/errors.ts'
import type {
  CredentialChange,
  CredentialService,
} from '../../../../broker/admin/credential-service.ts'
import type { ScramMechanismName } from '../../../../config/security-options.ts'
import {
  ALTER_USER_SCRAM_CREDENTIALS,
  type AlterUserScramCredentialsRequest,
} from '../../../../protocol/kafka/gen/alter-user-scram-credentials.ts'
import { DESCRIBE_USER_SCRAM_CREDENTIALS } from '../../../../protocol/kafka/gen/describe-user-scram-credentials.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { checkCount, errorFields, firstError } from '../error-fields.ts'

export interface ScramUserHandlerServices {
  readonly credentials: CredentialService
}

/** Kafka's numbers of the mechanisms. Source: apache/kafka, ScramMechanism.java. */
const MECHANISMS: ReadonlyMap<number, ScramMechanismName> = new Map([
  [1, 'SCRAM-SHA-256'],
  [2, 'SCRAM-SHA-512'],
])

/** Most changes of one request, which are decided at once. */
const MAX_CHANGES = 5_000

const NUMBERS = new Map([...MECHANISMS].map(([number, name]) => [name, number]))

export function scramUserHandlers(services: ScramUserHandlerServices): readonly KafkaHandler[] {
  return [describeUsers(services.credentials), alterUsers(services.credentials)]
}

function describeUsers(credentials: CredentialService): KafkaHandler {
  return handlerOf(DESCRIBE_USER_SCRAM_CREDENTIALS, {
    handle: ({ users }, { caller }) => {
      const names = users === null || users.length === 0 ? null : users.map(({ name }) => name)
      const results = credentials.describe(caller, names).map((described) => ({
        user: described.user,
        ...errorFields(described.error),
        credentialInfos: described.credentials.map(({ mechanism, iterations }) => {
          return { mechanism: NUMBERS.get(mechanism)!, iterations }
        }),
      }))
      return { throttleTimeMs: 0, ...errorFields(null), results }
    },
    refuse: (_request, error) => ({ throttleTimeMs: 0, ...errorFields(error), results: [] }),
    cuts: [{ asked: ['users'], answered: ['results'] }],
  })
}

function alterUsers(credentials: CredentialService): KafkaHandler {
  return handlerOf(ALTER_USER_SCRAM_CREDENTIALS, {
    handle: async (request, { caller }) => {
      const { deletions, upsertions } = request
      checkCount(deletions.length + upsertions.length, MAX_CHANGES, 'changes of passwords')
      const { changes, refused } = changesOf(request)
      const sound = changes.filter(({ user }) => !refused.has(user))
      const results = new Map<string, BrokerError | null>(refused)
      for (const [user, error] of await credentials.alter(caller, sound)) results.set(user, error)
      return answerOf(usersOf(request), (user) => results.get(user)!)
    },
    refuse: ({ deletions, upsertions }, error) => {
      // Each entry is told, not each user: of 79,000 the set alone would take long.
      const fields = errorFields(error)
      const results = [...deletions, ...upsertions].map(({ name }) => ({ user: name, ...fields }))
      return { throttleTimeMs: 0, results }
    },
    outcome: ({ results }) => firstError(results),
  })
}

interface WantedChanges {
  readonly changes: readonly CredentialChange[]
  /** Users of whom something is asked that cannot be. */
  readonly refused: ReadonlyMap<string, BrokerError>
}

function changesOf({ deletions, upsertions }: AlterUserScramCredentialsRequest): WantedChanges {
  const changes: CredentialChange[] = []
  const refused = new Map<string, BrokerError>()
  const add = (user: string, number: number, password: CredentialChange['password']): void => {
    const mechanism = MECHANISMS.get(number)
    if (mechanism !== undefined) return void changes.push({ user, mechanism, password })
    const message = `There is no SCRAM mechanism ${number}; 1 is SCRAM-SHA-256, 2 is SCRAM-SHA-512`
    refused.set(user, new BrokerError('UNSUPPORTED_SASL_MECHANISM', { message }))
  }
  for (const { name, mechanism } of deletions) add(name, mechanism, null)
  for (const { name, mechanism, salt, saltedPassword, iterations } of upsertions) {
    // The request's memory is not kept.
    add(name, mechanism, { salt: Buffer.from(salt), saltedPassword, iterations })
  }
  return { changes, refused }
}

function usersOf({ deletions, upsertions }: AlterUserScramCredentialsRequest): string[] {
  return [...new Set([...deletions, ...upsertions].map(({ name }) => name))]
}

function answerOf(users: readonly string[], errorOf: (user: string) => BrokerError | null) {
  return {
    throttleTimeMs: 0,
    results: users.map((user) => ({ user, ...errorFields(errorOf(user)) })),
  }
}
