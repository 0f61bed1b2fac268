// What can be limited, by Kafka's names.
//
// Source: apache/kafka, QuotaConfig.java, ClientQuotaControlManager.java.

import type { QuotaEntity } from '../../metadata/metadata-record.ts'

/** A limit of users and client ids: what they may take a second. */
export const CLIENT_QUOTAS = {
  /** Bytes of batches that are produced. */
  producerByteRate: 'producer_byte_rate',
  /** Bytes of batches that are fetched. */
  consumerByteRate: 'consumer_byte_rate',
  /** Share of the event loop's time, in percent. */
  requestPercentage: 'request_percentage',
  /** Partitions that are made or deleted. */
  controllerMutationRate: 'controller_mutation_rate',
} as const

export type ClientQuotaName = (typeof CLIENT_QUOTAS)[keyof typeof CLIENT_QUOTAS]

/** A limit of addresses: connections that they may open a second. */
export const CONNECTION_CREATION_RATE = 'connection_creation_rate'

const LONG_MAX = 2 ** 63
const INT_MAX = 2 ** 31 - 1

/** Largest value of those that are whole numbers; Infinity for those that need not be. */
const OF_CLIENTS: ReadonlyMap<string, number> = new Map([
  [CLIENT_QUOTAS.producerByteRate, LONG_MAX],
  [CLIENT_QUOTAS.consumerByteRate, LONG_MAX],
  [CLIENT_QUOTAS.requestPercentage, Infinity],
  [CLIENT_QUOTAS.controllerMutationRate, Infinity],
])

const OF_ADDRESSES: ReadonlyMap<string, number> = new Map([[CONNECTION_CREATION_RATE, INT_MAX]])

/** What is wrong with a quota by its name, or null. */
export function quotaNameProblem(entity: QuotaEntity, name: string): string | null {
  if (quotasOf(entity).has(name)) return null
  return `There is no quota ${name.slice(0, 100)} of it; there are: ${[...quotasOf(entity).keys()].join(', ')}`
}

/** What is wrong with a limit of a quota that there is, or null. */
export function limitProblem(entity: QuotaEntity, name: string, limit: number): string | null {
  if (!(limit > 0) || limit === Infinity) return `${name} is a number above 0`
  const max = quotasOf(entity).get(name)!
  if (max === Infinity) return null
  if (limit > max) return `${name} is ${max} at most`
  return Number.isInteger(limit) ? null : `${name} is a whole number`
}

function quotasOf({ ip }: QuotaEntity): ReadonlyMap<string, number> {
  return ip === undefined ? OF_CLIENTS : OF_ADDRESSES
}
