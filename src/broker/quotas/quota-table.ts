// Which limit holds for a client, the most specific first:
//
//   user and client id    ann × app   ann × default   ann
//   default user          default × app   default × default   default
//   client id             app   default
//
// Who shares an allowance follows from what the limit was given to: clients under one of the first
// row's first two have one a user and client id, under "ann" one a user, and so on. Those who fall
// under a default each have one of their own.
//
// Source: apache/kafka, ClientQuotaManager.java, class comment.

import type { ClientQuotas } from '../../metadata/client-quotas.ts'

export interface QuotaHit {
  readonly limit: number
  /** The same for all who share the allowance, and for nobody else under this quota. */
  readonly holder: string
}

/** Undefined: the part has no say. Null: everybody who has no limit by name. */
type Part = string | null | undefined

type Limits = Map<Part, Map<Part, number>>

export class QuotaTable {
  /** By name of the quota, then by user, then by client id. */
  readonly #limits = new Map<string, Limits>()
  readonly #ofAddresses = new Map<string | null, number>()

  constructor(quotas: ClientQuotas) {
    for (const { entity, limits } of quotas.values()) {
      for (const [name, limit] of limits) {
        if (entity.ip !== undefined) this.#ofAddresses.set(entity.ip, limit)
        else this.#add(name, entity.user, entity.clientId, limit)
      }
    }
  }

  /** What holds for a client, or null. */
  find(quota: string, user: string, clientId: string): QuotaHit | null {
    const limits = this.#limits.get(quota)
    if (limits === undefined) return null
    for (const userPart of [user, null, undefined]) {
      const ofUser = limits.get(userPart)
      if (ofUser === undefined) continue
      for (const clientPart of [clientId, null, undefined]) {
        const limit = ofUser.get(clientPart)
        if (limit === undefined) continue
        const holder = holderOf(
          userPart === undefined ? undefined : user,
          clientPart === undefined ? undefined : clientId,
        )
        return { limit, holder }
      }
    }
    return null
  }

  /** Connections that an address may open a second, or null. */
  ofAddress(ip: string): number | null {
    return this.#ofAddresses.get(ip) ?? this.#ofAddresses.get(null) ?? null
  }

  #add(name: string, user: Part, clientId: Part, limit: number): void {
    const ofName = this.#limits.get(name) ?? new Map<Part, Map<Part, number>>()
    const ofUser = ofName.get(user) ?? new Map<Part, number>()
    this.#limits.set(name, ofName.set(user, ofUser.set(clientId, limit)))
  }
}

function holderOf(user: string | undefined, clientId: string | undefined): string {
  // The length tells where the user's name ends, whatever is in it.
  return user === undefined
    ? `c${clientId}`
    : `u${user.length}:${user}${clientId === undefined ? '' : `c${clientId}`}`
}
