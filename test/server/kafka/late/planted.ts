// Bugs on purpose, in the broker's own classes: each takes away one of the things that late requests meet.
// K13 to K15 are of the list of known bugs that our tests have to find.

import { PartitionMarkers } from '../../../../src/broker/transactions/partition-markers.ts'
import { Step } from '../../../../src/coordination/runtime/step.ts'
import { TransactionShard } from '../../../../src/coordination/transaction/transaction-shard.ts'
import { ProducerEntry } from '../../../../src/storage/producer-state/producer-entry.ts'
import { ProducerTable } from '../../../../src/storage/producer-state/producer-table.ts'
import type { PromiseName } from './promises.ts'

export interface Planted {
  /** The promise that it breaks. */
  readonly breaks: PromiseName
  /** Of the broker. */
  readonly options?: Readonly<Record<string, string>>
  /** @returns what takes it away again */
  readonly plant: () => () => void
}

export const PLANTED = {
  /** K13: the bug that clients of the older protocol have to live with. */
  'the end of a transaction leaves the epoch': {
    breaks: 'newer',
    plant: () =>
      replace(TransactionShard.prototype, 'end', (original) => {
        return function (this: TransactionShard, request, call, now) {
          return original.call(this, { ...request, transactionVersion: 1 }, call, now)
        }
      }),
  },
  /** K14, KIP-1228. */
  'a marker of the epoch that is open is taken': {
    breaks: 'newer',
    plant: () =>
      replace(ProducerTable.prototype, 'checkMarker', (original) => {
        return function (this: ProducerTable, end) {
          original.call(this, end, 1)
        }
      }),
  },
  /** K15. */
  'the last stable offset waits for no transaction': {
    breaks: 'newer',
    plant: () =>
      replace(ProducerTable.prototype, 'firstUndecided', () => {
        return (highWatermark) => highWatermark
      }),
  },
  'whoever asks for an end is taken for the producer of now': {
    breaks: 'newer',
    plant: () =>
      replace(TransactionShard.prototype, 'end', (original) => {
        return function (this: TransactionShard, request, call, now) {
          const { producerEpoch } = this.transactions.get(request.transactionalId) ?? request
          return original.call(this, { ...request, producerEpoch }, call, now)
        }
      }),
  },
  'offsets and records of any epoch are admitted, and taken': {
    breaks: 'newer',
    plant: () => {
      const undoAdmit = replace(TransactionShard.prototype, 'admit', (original) => {
        return function (this: TransactionShard, request, call, now) {
          const { producerEpoch } = this.transactions.get(request.transactionalId) ?? request
          return original.call(this, { ...request, producerEpoch }, call, now)
        }
      })
      const undoCheck = replace(ProducerEntry.prototype, 'check', (original) => {
        return function (this: ProducerEntry, stamp) {
          return stamp.producerEpoch < this.epoch ? null : original.call(this, stamp)
        }
      })
      return () => {
        undoCheck()
        undoAdmit()
      }
    },
  },
  /** KIP-890: what it was first about. */
  'nobody asks whether a partition is in the transaction': {
    breaks: 'older',
    options: { 'transaction.partition.verification.enable': 'false' },
    plant: () => () => {},
  },
  'a batch that comes again is not known': {
    breaks: 'older',
    plant: () => {
      const undoRepeated = replace(ProducerEntry.prototype, 'repeated', () => () => null)
      const undoCheck = replace(ProducerEntry.prototype, 'check', (original) => {
        return function (this: ProducerEntry, stamp) {
          return stamp.producerEpoch === this.epoch ? null : original.call(this, stamp)
        }
      })
      return () => {
        undoCheck()
        undoRepeated()
      }
    },
  },
  'a marker is said to be written that is not': {
    breaks: 'older-ends',
    plant: () => {
      let count = 0
      return replace(PartitionMarkers.prototype, 'write', (original) => {
        return async function (this: PartitionMarkers, marker) {
          if (++count % 20 > 0) await original.call(this, marker)
        }
      })
    },
  },
  'a coordinator that starts forgets what is decided': {
    breaks: 'older-ends',
    plant: () =>
      replace(TransactionShard.prototype, 'onLoaded', (original) => {
        return function (this: TransactionShard, now) {
          const undo = replace(Step.prototype, 'after', () => () => {})
          const step = original.call(this, now)
          undo()
          return step
        }
      }),
  },
} as const satisfies Record<string, Planted>
export type PlantedName = keyof typeof PLANTED
export const PLANTED_NAMES = Object.keys(PLANTED) as PlantedName[]

/** @returns what puts the original back */
function replace<T extends object, K extends keyof T>(
  target: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const original = target[name]
  target[name] = make(original)
  return () => {
    target[name] = original
  }
}
