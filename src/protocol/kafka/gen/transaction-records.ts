// Made from definitions/transaction-records.txt by tools/generate-kafka.ts; do not edit.
//
// Records of __transaction_state. A key is preceded by its type, a value by its version, both
// int16.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface TransactionLogKey {
  /** Name of the transactional producer. */
  readonly transactionalId: string
}

/** TransactionLogKey to be written. */
export interface TransactionLogKeyInit {
  readonly transactionalId: string
}

function readTransactionLogKey(r: FrameReader, v: number): TransactionLogKey {
  checkVersion('TransactionLogKey', v, 0, 0)
  r.flexible = false
  const transactionalId = r.string()
  return { transactionalId }
}

function writeTransactionLogKey(w: FrameWriter, m: TransactionLogKeyInit, v: number): void {
  checkVersion('TransactionLogKey', v, 0, 0)
  w.flexible = false
  w.string(m.transactionalId)
}

export const TRANSACTION_LOG_KEY: MessageCodec<TransactionLogKey, TransactionLogKeyInit> & {
  readonly recordType: number
} = {
  name: 'TransactionLogKey',
  recordType: 0,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readTransactionLogKey,
  write: writeTransactionLogKey,
}

export interface TransactionLogValue {
  /** Id of the producer. */
  readonly producerId: number
  /** Id that was used before; -1 if none. Version >= 1. */
  readonly previousProducerId: number
  /** Id that comes next, when the epochs of this one are used up; -1 if none. Version >= 1. */
  readonly nextProducerId: number
  /** Epoch of the producer. */
  readonly producerEpoch: number
  /** Epoch of the id that comes next; -1 if none. Version >= 1. */
  readonly nextProducerEpoch: number
  /** How long a transaction may stay open. */
  readonly transactionTimeoutMs: number
  /** State: 0 empty, 1 ongoing, 2 and 3 preparing commit and abort, 4 and 5 complete, 6 dead, 7 fencing. */
  readonly transactionStatus: number
  /** Partitions in the transaction. */
  readonly transactionPartitions: readonly TransactionTopic[] | null
  /** When this state was written, ms since 1970. */
  readonly transactionLastUpdateTimestampMs: number
  /** When it began, ms since 1970; -1 if it has not. */
  readonly transactionStartTimestampMs: number
  /** Transaction.version that the client used. Version >= 1. */
  readonly clientTransactionVersion: number
}

/** TransactionLogValue to be written. */
export interface TransactionLogValueInit {
  readonly producerId: number
  readonly previousProducerId?: number | undefined
  readonly nextProducerId?: number | undefined
  readonly producerEpoch: number
  readonly nextProducerEpoch?: number | undefined
  readonly transactionTimeoutMs: number
  readonly transactionStatus: number
  readonly transactionPartitions: readonly TransactionTopicInit[] | null
  readonly transactionLastUpdateTimestampMs: number
  readonly transactionStartTimestampMs: number
  readonly clientTransactionVersion?: number | undefined
}

function readTransactionLogValue(r: FrameReader, v: number): TransactionLogValue {
  checkVersion('TransactionLogValue', v, 0, 1)
  r.flexible = v >= 1
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const transactionTimeoutMs = r.int32()
  const transactionStatus = r.int8()
  let transactionPartitions: readonly TransactionTopic[] | null
  {
    const count = r.nullableArrayCount(3, 48)
    if (count < 0) {
      transactionPartitions = null
    } else {
      const list = new Array<TransactionTopic>(count)
      for (let at = 0; at < list.length; at++) list[at] = readTransactionTopic(r)
      transactionPartitions = list
    }
  }
  const transactionLastUpdateTimestampMs = r.int64()
  const transactionStartTimestampMs = r.int64()
  let previousProducerId: number = -1
  let nextProducerId: number = -1
  let nextProducerEpoch: number = -1
  let clientTransactionVersion: number = 0
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          previousProducerId = r.int64()
          r.leaveTag(end)
          break
        }
        case 1: {
          const end = r.enterTag()
          nextProducerId = r.int64()
          r.leaveTag(end)
          break
        }
        case 3: {
          const end = r.enterTag()
          nextProducerEpoch = r.int16()
          r.leaveTag(end)
          break
        }
        case 2: {
          const end = r.enterTag()
          clientTransactionVersion = r.int16()
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    producerId,
    previousProducerId,
    nextProducerId,
    producerEpoch,
    nextProducerEpoch,
    transactionTimeoutMs,
    transactionStatus,
    transactionPartitions,
    transactionLastUpdateTimestampMs,
    transactionStartTimestampMs,
    clientTransactionVersion,
  }
}

function writeTransactionLogValue(w: FrameWriter, m: TransactionLogValueInit, v: number): void {
  checkVersion('TransactionLogValue', v, 0, 1)
  w.flexible = v >= 1
  w.int64(m.producerId)
  w.int16(m.producerEpoch)
  w.int32(m.transactionTimeoutMs)
  w.int8(m.transactionStatus)
  {
    const transactionPartitions = m.transactionPartitions
    if (transactionPartitions === null) {
      w.nullArray()
    } else {
      w.arrayCount(transactionPartitions.length)
      for (const item of transactionPartitions) writeTransactionTopic(w, item)
    }
  }
  w.int64(m.transactionLastUpdateTimestampMs)
  w.int64(m.transactionStartTimestampMs)
  const hasPreviousProducerId = (m.previousProducerId ?? -1) !== -1
  if (hasPreviousProducerId && !(v >= 1)) refuse('TransactionLogValue', 'previousProducerId', v)
  const hasNextProducerId = (m.nextProducerId ?? -1) !== -1
  if (hasNextProducerId && !(v >= 1)) refuse('TransactionLogValue', 'nextProducerId', v)
  const hasNextProducerEpoch = (m.nextProducerEpoch ?? -1) !== -1
  if (hasNextProducerEpoch && !(v >= 1)) refuse('TransactionLogValue', 'nextProducerEpoch', v)
  const hasClientTransactionVersion = (m.clientTransactionVersion ?? 0) !== 0
  if (hasClientTransactionVersion && !(v >= 1))
    refuse('TransactionLogValue', 'clientTransactionVersion', v)
  if (w.flexible) {
    w.uvarint(
      Number(hasPreviousProducerId) +
        Number(hasNextProducerId) +
        Number(hasNextProducerEpoch) +
        Number(hasClientTransactionVersion),
    )
    if (hasPreviousProducerId) {
      const begun = w.beginTag(0)
      w.int64(m.previousProducerId ?? -1)
      w.endTag(begun)
    }
    if (hasNextProducerId) {
      const begun = w.beginTag(1)
      w.int64(m.nextProducerId ?? -1)
      w.endTag(begun)
    }
    if (hasClientTransactionVersion) {
      const begun = w.beginTag(2)
      w.int16(m.clientTransactionVersion ?? 0)
      w.endTag(begun)
    }
    if (hasNextProducerEpoch) {
      const begun = w.beginTag(3)
      w.int16(m.nextProducerEpoch ?? -1)
      w.endTag(begun)
    }
  }
}

export interface TransactionTopic {
  /** Name of the topic. */
  readonly topic: string
  /** Partitions of the topic. */
  readonly partitionIds: readonly number[]
}

/** TransactionTopic to be written. */
export interface TransactionTopicInit {
  readonly topic: string
  readonly partitionIds: readonly number[]
}

function readTransactionTopic(r: FrameReader): TransactionTopic {
  const topic = r.string()
  const partitionIds = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitionIds.length; at++) partitionIds[at] = r.int32()
  r.skipTags()
  return { topic, partitionIds }
}

function writeTransactionTopic(w: FrameWriter, m: TransactionTopicInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitionIds.length)
  for (const item of m.partitionIds) w.int32(item)
  w.noTags()
}

export const TRANSACTION_LOG_VALUE: MessageCodec<TransactionLogValue, TransactionLogValueInit> & {
  readonly recordType: number
} = {
  name: 'TransactionLogValue',
  recordType: 0,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readTransactionLogValue,
  write: writeTransactionLogValue,
}
