// Transactions as who looks after them sees them: which there are, which hang, and ending them by hand.

import type {
  HangingFilter,
  HangingTransaction,
  HangingTransactionRef,
  TransactionAdminCalls,
  TransactionDescription,
  TransactionFilter,
  TransactionListing,
} from './transaction-admin-calls.ts'
import type { ProducerIdentity } from './transport.ts'

export interface TransactionAdminParts {
  readonly calls: TransactionAdminCalls
  /** Makes a call that changes nothing, again and again while an error may pass. */
  readonly read: <T>(call: (timeoutMs: number) => Promise<T>) => Promise<T>
  readonly requestTimeoutMs: number
}

/**
 * Lists, describes and ends transactions. See `Admin.transactions`.
 *
 * ```ts
 * const admin = new Admin()
 * for (const { topic, partition, startOffset } of await admin.transactions.findHanging()) {
 *   await admin.transactions.abortHanging({ topic, partition, startOffset })
 * }
 * ```
 */
export class TransactionAdmin {
  readonly #parts: TransactionAdminParts

  constructor(parts: TransactionAdminParts) {
    this.#parts = parts
  }

  /** Transactional ids and the state of their transactions, ordered by id. */
  async list(filter: TransactionFilter = {}): Promise<readonly TransactionListing[]> {
    const { calls, read } = this.#parts
    return await read((timeoutMs) => calls.listTransactions(filter, timeoutMs))
  }

  /**
   * The transaction of a transactional id: since when it is open, and what it has written to.
   *
   * @throws SluiceError TRANSACTIONAL_ID_NOT_FOUND
   */
  async describe(transactionalId: string): Promise<TransactionDescription> {
    const { calls, read } = this.#parts
    return await read((timeoutMs) => calls.describeTransaction(transactionalId, timeoutMs))
  }

  /**
   * Transactions that are open in a partition and that nobody will end, so that readers of committed
   * records wait there for ever. Ordered by topic, partition and producer.
   */
  async findHanging(filter: HangingFilter = {}): Promise<readonly HangingTransaction[]> {
    const { calls, read } = this.#parts
    return await read((timeoutMs) => calls.findHangingTransactions(filter, timeoutMs))
  }

  /**
   * Aborts the open transaction of a transactional id. Its producer is refused from then on.
   *
   * @returns whose it was; null when none was open
   * @throws SluiceError TRANSACTIONAL_ID_NOT_FOUND
   */
  async abort(transactionalId: string): Promise<ProducerIdentity | null> {
    const { calls, requestTimeoutMs } = this.#parts
    return await calls.abortTransaction(transactionalId, requestTimeoutMs)
  }

  /**
   * Aborts a transaction that hangs, in the one partition that it hangs in.
   *
   * @returns whose it was
   * @throws SluiceError RESOURCE_NOT_FOUND when none begins there; INVALID_TXN_STATE when it does not hang
   */
  async abortHanging(ref: HangingTransactionRef): Promise<ProducerIdentity> {
    const { calls, requestTimeoutMs } = this.#parts
    return await calls.abortHangingTransaction(ref, requestTimeoutMs)
  }
}
