// The features that clients may be told of: levels by which a cluster agrees on how it behaves.
//
//   transaction.version   2: each transaction has an epoch of its own, and what is written adds its
//                         partitions by the way (KIP-890). Clients that know it turn to Produce 12,
//                         AddOffsetsToTxn 4, EndTxn 5 and TxnOffsetCommit 5
//   group.version         1: groups by the newer protocol (KIP-848)
//
// Source: apache/kafka, Feature.java, TransactionVersion.java, GroupVersion.java.

export interface Feature {
  readonly name: string
  readonly minLevel: number
  readonly maxLevel: number
  /** The level that the cluster has. */
  readonly level: number
}

export const FEATURES: readonly Feature[] = [
  { name: 'group.version', minLevel: 0, maxLevel: 1, level: 1 },
  { name: 'transaction.version', minLevel: 0, maxLevel: 2, level: 2 },
]

/** Goes up whenever a level changes from one version of this broker to another. */
export const FEATURES_EPOCH = 1
