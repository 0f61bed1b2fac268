// Errors of transactions as older clients know them.

import type { ErrorCode } from '../../../../base/errors.ts'

/**
 * That another producer has the transactional id now.
 *
 * @param knowsFenced whether clients of this version know PRODUCER_FENCED. Those before take an older
 *   epoch for the same thing
 */
export function fencedAs(code: ErrorCode, knowsFenced: boolean): ErrorCode {
  return code === 'PRODUCER_FENCED' && !knowsFenced ? 'INVALID_PRODUCER_EPOCH' : code
}

/**
 * Why something is not written in a transaction. A coordinator that is asked on the way of records
 * speaks of an older epoch, as the log of a partition does.
 *
 * @param knowsAbortable whether clients of this version know TRANSACTION_ABORTABLE
 * Source: AddPartitionsToTxnManager in apache/kafka.
 */
export function writingAs(code: ErrorCode, knowsAbortable: boolean): ErrorCode {
  if (code === 'TRANSACTION_ABORTABLE' && !knowsAbortable) return 'INVALID_TXN_STATE'
  return fencedAs(code, false)
}
