// The partitions that one request makes or deletes, held to the quota of its client (KIP-599).

import { BrokerError } from '../../base/errors.ts'
import type { QuotaService } from '../../broker/quotas/quota-service.ts'
import type { KafkaContext } from './handler.ts'

export class MutationQuota {
  readonly #quotas: QuotaService
  readonly #context: KafkaContext
  /** Whether clients of the version know THROTTLING_QUOTA_EXCEEDED. Others wait behind the answer. */
  readonly #strict: boolean
  #waitMs = 0

  /** @param strictFrom first version whose clients know that they may be refused */
  constructor(quotas: QuotaService, context: KafkaContext, strictFrom: number) {
    this.#quotas = quotas
    this.#context = context
    this.#strict = context.version >= strictFrom
  }

  /** @throws BrokerError THROTTLING_QUOTA_EXCEEDED when the client has to wait first */
  check(): void {
    if (!this.#strict) return
    const { caller } = this.#context
    try {
      this.#quotas.checkMutations(caller)
    } catch (error) {
      if (error instanceof BrokerError) this.count(0)
      throw error
    }
  }

  count(partitions: number): void {
    this.#waitMs = Math.max(this.#waitMs, this.#quotas.mutated(this.#context.caller, partitions))
  }

  /** Has the connection wait. @returns for how long, in milliseconds */
  settle(): number {
    this.#context.peer.pause(this.#waitMs)
    return this.#waitMs
  }
}
