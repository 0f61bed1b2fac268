// Quotas of clients: which there are, and changes to them.

import { BrokerError } from '../../base/errors.ts'
import { quotaKey, type ClientQuota } from '../../metadata/client-quotas.ts'
import type { ClusterControl, QuotaChange } from '../../metadata/cluster-control.ts'
import type { QuotaEntity } from '../../metadata/metadata-record.ts'
import type { MetadataStore } from '../../metadata/metadata-store.ts'
import { isIpAddress } from '../../security/ip-address.ts'
import type { Caller } from '../caller.ts'
import { limitProblem, quotaNameProblem } from './quota-names.ts'

export interface QuotaAdminOptions {
  readonly control: ClusterControl
  readonly store: Pick<MetadataStore, 'image'>
}

/** Which entities are looked for: all parts that are named must match. */
export interface QuotaFilter {
  readonly parts: ReadonlyMap<keyof QuotaEntity, PartFilter>
  /** True: entities with further parts are left out. */
  readonly strict: boolean
}

export type PartFilter =
  { readonly match: 'name'; readonly name: string } | { readonly match: 'default' | 'any' }

export interface QuotaAlteration {
  readonly entity: QuotaEntity
  /** Limits by name of the quota; null removes it. */
  readonly limits: ReadonlyMap<string, number | null>
}

/** Most entities that have quotas. */
const MAX_ENTITIES = 100_000

const MAX_NAME_LENGTH = 1_024

export class QuotaAdmin {
  readonly #options: QuotaAdminOptions

  constructor(options: QuotaAdminOptions) {
    this.#options = options
  }

  /** @throws BrokerError INVALID_REQUEST when addresses and other parts are asked for together */
  describe(_caller: Caller, { parts, strict }: QuotaFilter): readonly ClientQuota[] {
    if (parts.has('ip') && parts.size > 1) {
      throw new BrokerError('INVALID_REQUEST', {
        message: 'An address has no user and no client id',
      })
    }
    return [...this.#options.store.image.clientQuotas.values()].filter(({ entity }) => {
      if (strict && Object.keys(entity).length !== parts.size) return false
      return [...parts].every(([part, filter]) => matches(entity[part], filter))
    })
  }

  /**
   * Sets and removes quotas, each entity for itself: all of it, or nothing.
   *
   * @returns one result for each alteration, in their order: INVALID_REQUEST, POLICY_VIOLATION, null
   */
  async alter(
    _caller: Caller,
    alterations: readonly QuotaAlteration[],
    { validateOnly }: { readonly validateOnly: boolean },
  ): Promise<readonly (BrokerError | null)[]> {
    const results = alterations.map(({ entity, limits }) => {
      const problem = entityProblem(entity) ?? limitsProblem(entity, limits)
      return problem === null ? this.#roomProblem(entity) : refusal(problem)
    })
    const sound = alterations.filter((_, at) => results[at] === null)
    if (!validateOnly) await this.#options.control.alterQuotas(sound.map(changeOf))
    return results
  }

  #roomProblem(entity: QuotaEntity): BrokerError | null {
    const { clientQuotas } = this.#options.store.image
    if (clientQuotas.size < MAX_ENTITIES || clientQuotas.has(quotaKey(entity))) return null
    const message = `There are quotas of ${MAX_ENTITIES} entities already`
    return new BrokerError('POLICY_VIOLATION', { message })
  }
}

function matches(part: string | null | undefined, filter: PartFilter): boolean {
  if (part === undefined) return false
  if (filter.match === 'name') return part === filter.name
  return filter.match === 'any' || part === null
}

function entityProblem(entity: QuotaEntity): string | null {
  const { user, clientId, ip } = entity
  const names = [user, clientId, ip].filter((name) => name !== undefined)
  if (names.length === 0) return 'A quota is of a user, a client id or an address'
  if (ip !== undefined && names.length > 1) return 'An address has no user and no client id'
  if (names.some((name) => name !== null && name.length > MAX_NAME_LENGTH))
    return 'The name is too long'
  if (names.includes('')) return 'A name that is empty is none; null means the default'
  return typeof ip !== 'string' || isIpAddress(ip) ? null : `${ip.slice(0, 100)} is no address`
}

function limitsProblem(entity: QuotaEntity, limits: QuotaAlteration['limits']): string | null {
  for (const [name, limit] of limits) {
    // What is not there can be removed, whatever it is.
    if (limit === null) continue
    const problem = quotaNameProblem(entity, name) ?? limitProblem(entity, name, limit)
    if (problem !== null) return problem
  }
  return null
}

function refusal(message: string): BrokerError {
  return new BrokerError('INVALID_REQUEST', { message })
}

function changeOf({ entity, limits }: QuotaAlteration): QuotaChange {
  const set = new Map<string, number>()
  const unset: string[] = []
  for (const [name, limit] of limits) {
    if (limit === null) unset.push(name)
    else set.set(name, limit)
  }
  return { entity, set, unset }
}
