// Offsets of a group in a transaction. The first of a transaction in a partition of __consumer_offsets is
// let in by the transaction's coordinator, as the first batch in any other partition is.
//
//   open there already? ─ no ─► guard ─► coordinator: may it? ─► group: committed under the guard
//          └ yes ──────────────────────────────────────────────► group: committed

import { BrokerError } from '../../base/errors.ts'
import type { GroupCoordinator } from '../../coordination/group/group-coordinator.ts'
import type {
  CommitInTransactionRequest,
  CommitOffsetsResponse,
} from '../../coordination/group/offsets/messages.ts'
import type { TransactionalProducer } from '../../coordination/transaction/messages.ts'
import { OFFSETS_TOPIC } from '../../metadata/internal-topics.ts'
import type { MetadataStore } from '../../metadata/metadata-store.ts'
import type { Partition } from '../../replication/partition.ts'
import type { Caller } from '../caller.ts'
import type { TransactionService } from '../transaction-service.ts'
import { commitNamed, type NamedOffset } from './named-offsets.ts'

export interface TransactionalCommitRequest extends Omit<CommitInTransactionRequest, 'offsets'> {
  readonly transaction: TransactionalProducer & {
    /** The offsets are added to the transaction by the way: transactions of version 2. */
    readonly adds: boolean
  }
  readonly offsets: readonly NamedOffset[]
}

export interface TransactionalCommitParts {
  readonly store: Pick<MetadataStore, 'image'>
  readonly transactions: Pick<TransactionService, 'admitOffsets'>
  readonly partitions: {
    /** @throws BrokerError when the partition is not here */
    partition(topic: string, partition: number): Pick<Partition, 'beginVerification'>
  }
}

/** How often the coordinator is asked: there is one transaction before, and one marker. */
const MAX_QUESTIONS = 3

/**
 * @returns one result for each offset, in their order
 * @throws BrokerError as `admitOffsets` and `GroupCoordinator.commitInTransaction`
 */
export async function commitInTransaction(
  { store, transactions, partitions }: TransactionalCommitParts,
  coordinator: GroupCoordinator,
  caller: Caller,
  { transaction, offsets: named, ...request }: TransactionalCommitRequest,
): Promise<CommitOffsetsResponse> {
  const { groupId } = request
  if (groupId === '') throw new BrokerError('INVALID_GROUP_ID')
  return await commitNamed(store.image, named, async (offsets) => {
    if (offsets.length === 0) return { partitions: [] }
    const { transactionalId, producerId, producerEpoch, adds } = transaction
    const partition = partitions.partition(OFFSETS_TOPIC, coordinator.partitionOf(groupId))
    const asked = { producerId, producerEpoch, baseSequence: -1, bumpsEpochs: adds }
    const producer = { transactionalId, producerId, producerEpoch }
    let guard = partition.beginVerification(asked)
    for (let questions = 1; guard !== null; questions++) {
      await transactions.admitOffsets(caller, { ...producer, groupId, adds })
      // The answer may have waited for the transaction before, whose marker has made the guard worthless.
      const held = partition.beginVerification(asked)
      if (held === guard || questions === MAX_QUESTIONS) break
      guard = held
    }
    const writer = { producerId, producerEpoch, guard }
    return await coordinator.commitInTransaction({ ...request, offsets }, writer)
  })
}
