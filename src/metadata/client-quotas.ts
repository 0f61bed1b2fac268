// Quotas of clients, as the metadata has them.

import type { ClientQuotaChanged, QuotaEntity } from './metadata-record.ts'

/** What one entity may take. */
export interface ClientQuota {
  readonly entity: QuotaEntity
  /** Limits by Kafka's names of quotas, one or more. */
  readonly limits: ReadonlyMap<string, number>
}

/** By `quotaKey` of the entity. */
export type ClientQuotas = ReadonlyMap<string, ClientQuota>

/** The same text for the same entity, and for no other. */
export function quotaKey({ user, clientId, ip }: QuotaEntity): string {
  // A part that is left out and one that is null differ: JSON has both as null.
  return JSON.stringify([user, clientId, ip].map((part) => (part === undefined ? 0 : part)))
}

/** @returns null when nothing is left of it */
export function changeQuota(
  before: ClientQuota | undefined,
  { entity, set, unset }: ClientQuotaChanged,
): ClientQuota | null {
  const limits = new Map([...(before?.limits ?? []), ...set])
  for (const name of unset) limits.delete(name)
  return limits.size === 0 ? null : { entity, limits }
}
