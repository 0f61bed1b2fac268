// A transaction, as its user sees it.

import { SluiceError } from '../../errors.ts'
import { MEMBER_EPOCH } from '../../group-calls.ts'
import type { OffsetToCommit } from '../../group-calls.ts'
import { OFFSET_SOURCE } from '../../offset-source.ts'
import type { GroupRef, OffsetGiver, OffsetSource } from '../../offset-source.ts'
import type { RecordMetadata } from '../batch.ts'
import type { ProducerRecord } from '../producer-record.ts'
import type { OpenTransaction } from './open-transaction.ts'

/** What a producer does in a transaction: `producer.transaction` gives it. */
export class Transaction<K, V> {
  readonly #open: OpenTransaction
  readonly #send: (record: ProducerRecord<K, V>) => Promise<RecordMetadata>
  readonly #ready: () => Promise<void> | null

  constructor(
    open: OpenTransaction,
    send: (record: ProducerRecord<K, V>) => Promise<RecordMetadata>,
    ready: () => Promise<void> | null,
  ) {
    this.#open = open
    this.#send = send
    this.#ready = ready
  }

  /**
   * Sends a record, as `producer.send`. The promise need not be awaited, nor looked at: the transaction is
   * committed only when every record of it is stored.
   *
   * @returns where it is stored. Readers of committed records see it once the transaction is committed
   * @throws SluiceError as `producer.send`; the transaction can then only be aborted, and will be ·
   *   TRANSACTION_ABORTED when it was aborted before the record was stored · INVALID_STATE when it is over
   */
  send(record: ProducerRecord<K, V>): Promise<RecordMetadata> {
    const { refusal } = this.#open
    const sent = refusal === null ? this.#send(record) : Promise.reject(refusal)
    // Beside telling, it says that the failure is seen to.
    sent.catch(this.#open.fail)
    return sent
  }

  /** Null while it is good to send more: see `producer.ready`. */
  ready(): Promise<void> | null {
    return this.#ready()
  }

  /**
   * Commits offsets of a group as part of the transaction: they count when it is committed, and not when it
   * is aborted. So what was read up to there is processed exactly once.
   *
   * @param from    a consumer of the group, with `enableAutoCommit: false`; or a group that no consumer is a
   *   member of
   * @param offsets of the next records to read. Default, for a consumer: of everything that it gave out, the
   *   last record or batch included
   * @throws SluiceError and then the transaction will be aborted: INVALID_STATE, UNKNOWN_MEMBER_ID,
   *   ILLEGAL_GENERATION when a partition was given to another consumer meanwhile, who reads it again from
   *   where the group has committed · others from the coordinators
   */
  sendOffsets(from: OffsetGiver, offsets?: readonly OffsetToCommit[]): Promise<void>
  sendOffsets(from: GroupRef, offsets: readonly OffsetToCommit[]): Promise<void>
  sendOffsets(from: OffsetGiver | GroupRef, offsets?: readonly OffsetToCommit[]): Promise<void> {
    const source = OFFSET_SOURCE in from ? from[OFFSET_SOURCE]() : outside(from)
    return this.#open.addOffsets(source, offsets)
  }
}

/** Offsets that are committed for a group from outside of it. */
function outside({ groupId }: GroupRef): OffsetSource {
  const caller = { groupId, memberId: '', memberEpoch: MEMBER_EPOCH.none, instanceId: null }
  return {
    take(offsets) {
      if (offsets !== undefined) return { caller, offsets, committed: () => {} }
      const message = 'A group does not know what was read: the offsets have to be given'
      throw new SluiceError('INVALID_OPTION', { option: 'offsets' }, { message })
    },
  }
}
