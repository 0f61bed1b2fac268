// Quotas over the Kafka protocol: DescribeClientQuotas, AlterClientQuotas.

import { BrokerError } from '../../../../base/errors.ts'
import type { PartFilter, QuotaAdmin } from '../../../../broker/quotas/quota-admin.ts'
import type { QuotaEntity } from '../../../../metadata/metadata-record.ts'
import {
  ALTER_CLIENT_QUOTAS,
  type QuotaEntity as WireEntity,
  type QuotaEntry,
} from '../../../../protocol/kafka/gen/alter-client-quotas.ts'
import {
  type ComponentData,
  DESCRIBE_CLIENT_QUOTAS,
} from '../../../../protocol/kafka/gen/describe-client-quotas.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { checkCount, errorFields, firstError } from '../error-fields.ts'

export interface QuotaHandlerServices {
  readonly quotaAdmin: QuotaAdmin
}

type Part = keyof QuotaEntity

/** Kafka's names of the parts of an entity. */
const PARTS: ReadonlyMap<string, Part> = new Map([
  ['user', 'user'],
  ['client-id', 'clientId'],
  ['ip', 'ip'],
])

const NAMES: Readonly<Record<Part, string>> = { user: 'user', clientId: 'client-id', ip: 'ip' }

/** Most changes of one entity: there are four quotas. */
const MAX_OPERATIONS = 1_000

/** How a filter matches a part. Source: apache/kafka, DescribeClientQuotasRequest.java. */
const MATCH = { name: 0, default: 1, any: 2 } as const

export function quotaHandlers(services: QuotaHandlerServices): readonly KafkaHandler[] {
  return [describeQuotas(services.quotaAdmin), alterQuotas(services.quotaAdmin)]
}

function describeQuotas(quotas: QuotaAdmin): KafkaHandler {
  return handlerOf(DESCRIBE_CLIENT_QUOTAS, {
    handle: ({ components, strict }, { caller }) => {
      const parts = new Map<Part, PartFilter>()
      for (const component of components) {
        const part = partOf(component.entityType)
        if (parts.has(part)) throw invalid(`${component.entityType} is named more than once`)
        parts.set(part, filterOf(component))
      }
      const entries = quotas.describe(caller, { parts, strict }).map(({ entity, limits }) => ({
        entity: wireEntity(entity),
        values: [...limits].map(([key, value]) => ({ key, value })),
      }))
      return { throttleTimeMs: 0, ...errorFields(null), entries }
    },
    refuse: (_request, error) => ({ throttleTimeMs: 0, ...errorFields(error), entries: null }),
  })
}

function filterOf({ matchType, match }: ComponentData): PartFilter {
  switch (matchType) {
    case MATCH.name:
      if (match === null) throw invalid('A match by name has a name')
      return { match: 'name', name: match }
    case MATCH.default:
    case MATCH.any:
      if (match !== null) throw invalid('A match of the default, or of any, has no name')
      return { match: matchType === MATCH.any ? 'any' : 'default' }
    default:
      throw invalid(`There is no match of type ${matchType}`)
  }
}

function alterQuotas(quotas: QuotaAdmin): KafkaHandler {
  return handlerOf(ALTER_CLIENT_QUOTAS, {
    handle: async ({ entries, validateOnly }, { caller }) => {
      const wanted = entries.map((entry) => wantedOf(entry))
      const sound = wanted.flatMap(({ alteration }) => alteration ?? [])
      const results = await quotas.alter(caller, sound, { validateOnly })
      let next = 0
      const answered = wanted.map(({ alteration, error }, at) => {
        const outcome = alteration === null ? error : results[next++]!
        return { ...errorFields(outcome), entity: entries[at]!.entity }
      })
      return { throttleTimeMs: 0, entries: answered }
    },
    refuse: ({ entries }, error) => {
      const answered = entries.map(({ entity }) => ({ ...errorFields(error), entity }))
      return { throttleTimeMs: 0, entries: answered }
    },
    outcome: ({ entries }) => firstError(entries),
    cuts: [{ asked: ['entries'], answered: ['entries'] }],
  })
}

function wantedOf({ entity, ops }: QuotaEntry) {
  try {
    checkCount(entity.length, PARTS.size, 'parts of one entity')
    checkCount(ops.length, MAX_OPERATIONS, 'changes of one entity')
    const limits = new Map<string, number | null>()
    for (const { key, value, remove } of ops) {
      if (limits.has(key)) throw invalid(`${key.slice(0, 100)} is changed more than once`)
      limits.set(key, remove ? null : value)
    }
    return { alteration: { entity: entityOf(entity), limits }, error: null }
  } catch (error) {
    return { alteration: null, error: BrokerError.from(error) }
  }
}

function entityOf(parts: readonly WireEntity[]): QuotaEntity {
  const entity: { [Name in Part]?: string | null } = {}
  for (const { entityType, entityName } of parts) {
    const part = partOf(entityType)
    if (entity[part] !== undefined) throw invalid(`${entityType} is named more than once`)
    entity[part] = entityName
  }
  return entity
}

function wireEntity(entity: QuotaEntity): WireEntity[] {
  return (Object.keys(NAMES) as Part[]).flatMap((part) => {
    const entityName = entity[part]
    return entityName === undefined ? [] : [{ entityType: NAMES[part], entityName }]
  })
}

function partOf(name: string): Part {
  const part = PARTS.get(name)
  if (part !== undefined) return part
  throw invalid(
    `There is no entity of type ${name.slice(0, 100)}; there are user, client-id and ip`,
  )
}

function invalid(message: string): BrokerError {
  return new BrokerError('INVALID_REQUEST', { message })
}
