// Holds clients to their quotas: counts what they take, and says how long they have to wait. The fronts
// make them wait, and tell them.

import { BrokerError } from '../../base/errors.ts'
import type { Clock } from '../../io/clock.ts'
import type { ClientQuotas } from '../../metadata/client-quotas.ts'
import type { MetadataStore } from '../../metadata/metadata-store.ts'
import type { Caller } from '../caller.ts'
import { Allowances } from './allowances.ts'
import { CLIENT_QUOTAS, type ClientQuotaName } from './quota-names.ts'
import { QuotaTable } from './quota-table.ts'

export interface QuotaServiceOptions {
  readonly clock: Clock
  readonly store: Pick<MetadataStore, 'image'>
  /** Rates are measured over `windowCount - 1` to `windowCount` windows, as in Kafka. */
  readonly windowCount: number
  readonly windowSeconds: number
}

const PRINCIPAL_TYPE = 'User:'

export class QuotaService {
  readonly #options: QuotaServiceOptions
  readonly #allowances: Readonly<Record<ClientQuotaName, Allowances>>
  readonly #ofAddresses: Allowances
  #quotas: ClientQuotas
  #table: QuotaTable

  constructor(options: QuotaServiceOptions) {
    const { clock, store, windowCount, windowSeconds } = options
    this.#options = options
    const burstSeconds = Math.max(1, windowCount - 1) * windowSeconds
    const maxWaitMs = windowCount * windowSeconds * 1_000
    const rates = { clock, burstSeconds, maxWaitMs }
    this.#allowances = {
      [CLIENT_QUOTAS.producerByteRate]: new Allowances(rates),
      [CLIENT_QUOTAS.consumerByteRate]: new Allowances(rates),
      [CLIENT_QUOTAS.controllerMutationRate]: new Allowances(rates),
      // Time is not to be saved up, and nobody waits for more than a window.
      [CLIENT_QUOTAS.requestPercentage]: new Allowances({
        ...{ clock, burstSeconds: windowSeconds, maxWaitMs: windowSeconds * 1_000 },
      }),
    }
    this.#ofAddresses = new Allowances({ ...rates, burstSeconds: windowSeconds })
    this.#quotas = store.image.clientQuotas
    this.#table = new QuotaTable(this.#quotas)
  }

  /** False as long as nobody has a quota: nothing needs to be counted. */
  get active(): boolean {
    return this.#options.store.image.clientQuotas.size > 0
  }

  /** Counts what a client has produced. @returns how long it has to wait, in milliseconds */
  produced(caller: Caller, bytes: number): number {
    return this.#take(CLIENT_QUOTAS.producerByteRate, caller, bytes)
  }

  /** Counts what a client has fetched. @returns as `produced` */
  fetched(caller: Caller, bytes: number): number {
    return this.#take(CLIENT_QUOTAS.consumerByteRate, caller, bytes)
  }

  /** Counts the time that the event loop spent on a client. @returns as `produced` */
  worked(caller: Caller, durationMs: number): number {
    // A limit of 100 is the whole of the loop: 1,000 ms a second, counted in percent of a second.
    return this.#take(CLIENT_QUOTAS.requestPercentage, caller, durationMs / 10)
  }

  /**
   * Refuses what would make or delete partitions, when the client has to wait.
   *
   * @throws BrokerError THROTTLING_QUOTA_EXCEEDED
   */
  checkMutations(caller: Caller): void {
    const hit = this.#find(CLIENT_QUOTAS.controllerMutationRate, caller)
    if (hit === null) return
    const { holder, limit } = hit
    const left = this.#allowances[CLIENT_QUOTAS.controllerMutationRate].left(holder, limit)
    if (left > 0) return
    const message = 'The quota of partitions that are made or deleted is used up; try again later'
    throw new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message })
  }

  /** Counts partitions that were made or deleted. @returns as `produced` */
  mutated(caller: Caller, partitions: number): number {
    return this.#take(CLIENT_QUOTAS.controllerMutationRate, caller, partitions)
  }

  /** Counts a connection. @returns how long it has to wait before it is served, in milliseconds */
  connected(host: string): number {
    const limit = this.#current().ofAddress(host)
    return limit === null ? 0 : this.#ofAddresses.take(host, limit, 1)
  }

  #take(quota: ClientQuotaName, caller: Caller, amount: number): number {
    if (!this.active) return 0
    const hit = this.#find(quota, caller)
    return hit === null ? 0 : this.#allowances[quota].take(hit.holder, hit.limit, amount)
  }

  #find(quota: ClientQuotaName, { principal, clientId }: Caller) {
    const user = principal.startsWith(PRINCIPAL_TYPE)
      ? principal.slice(PRINCIPAL_TYPE.length)
      : principal
    return this.#current().find(quota, user, clientId)
  }

  #current(): QuotaTable {
    const { clientQuotas } = this.#options.store.image
    if (clientQuotas !== this.#quotas) {
      this.#quotas = clientQuotas
      this.#table = new QuotaTable(clientQuotas)
    }
    return this.#table
  }
}
