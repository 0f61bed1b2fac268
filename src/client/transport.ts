// What the client needs from a wire, in no protocol's words. grpc/ has the one over gRPC.
//
//   Producer ── ProduceStream ──┐
//      └─────── transactions ───┤
//   Consumer ── FetchStream  ───┼── Transport ── one or more brokers
//      └─────── group calls  ───┤
//   Admin    ── calls  ─────────┘
//
// A stream lives until its listener's `closed` is called, exactly once and as the last call. Calls
// to a listener never come from inside a call to the stream: they come in a later turn or microtask.

import type { SluiceError } from './errors.ts'
import type { AdminCalls, PartitionOffsets, PositionOf } from './admin-calls.ts'
import type { GroupCalls } from './group-calls.ts'
import type { TransactionAdminCalls } from './transaction-admin-calls.ts'
import type { TransactionalProducer, TransactionCalls } from './transaction-calls.ts'

/** 'all': on disk at every in-sync replica · 1: in the leader's page cache · 0: not awaited. */
export type Acks = 'all' | 1 | 0

export interface OutgoingBatch {
  readonly topic: string
  readonly partition: number
  /** One record batch v2. Not changed until the answer, or the end of the stream. */
  readonly batch: Buffer
}

export interface ProduceRequest {
  /** Comes back in the answer. 0 or more, rising. */
  readonly number: number
  readonly acks: Acks
  /** Longest wait of the broker for the acknowledgement, in milliseconds. */
  readonly timeoutMs: number
  /** Whose transaction all of the batches are part of; null outside of transactions. */
  readonly transaction: TransactionalProducer | null
  /** One or more. */
  readonly batches: readonly OutgoingBatch[]
}

/** What became of one batch. */
export interface BatchProduced {
  /** Null when it was stored. */
  readonly error: SluiceError | null
  /** Offset of its first record; -1 with an error and without acks. */
  readonly baseOffset: number
  /** What the broker stamped, in milliseconds since 1970; -1 where producers' timestamps hold. */
  readonly logAppendTimeMs: number
}

/** Who an idempotent producer is. Its id is nobody else's. */
export interface ProducerIdentity {
  readonly producerId: number
  /** 0 to 32,767. */
  readonly producerEpoch: number
}

export interface ProduceStream {
  /** Sends a request. After `closed` it does nothing. */
  send(request: ProduceRequest): void
  /** Gives the stream up. `closed` follows. */
  cancel(): void
}

export interface ProduceListener {
  /** Answers come in the order of the requests; `batches` in the order of the request's. */
  acked(number: number, batches: readonly BatchProduced[]): void
  /** What was sent and not answered has an unknown outcome. */
  closed(error: SluiceError): void
}

export interface PartitionRef {
  readonly topic: string
  readonly partition: number
}

/** Where to begin to read a partition. */
export type StartPosition =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'timestamp'; readonly timestampMs: number }

export interface PartitionStart extends PartitionRef {
  readonly start: StartPosition
  /** Comes back with everything that is sent for the partition until the next seek. */
  readonly tag: number
}

/** Which records a reader sees: all, or those that are not part of an open or an aborted transaction. */
export type Isolation = 'read_uncommitted' | 'read_committed'

/** Reads partitions under credit. Nothing comes before the first credit. */
export interface FetchStream {
  assign(partitions: readonly PartitionStart[]): void
  unassign(partitions: readonly PartitionRef[]): void
  seek(partition: PartitionStart): void
  pause(partitions: readonly PartitionRef[]): void
  resume(partitions: readonly PartitionRef[]): void
  /** Allows this many more bytes of batches. The last batch may overdraw it. */
  credit(bytes: number): void
  /** Gives the stream up. `closed` follows. */
  cancel(): void
}

/** The batches of one producer from one offset on, up to its next marker. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface FetchedBatches extends PartitionRef {
  readonly tag: number
  readonly highWatermark: number
  readonly logStartOffset: number
  /** What in these batches is not for a reader of committed records; empty for other readers. */
  readonly aborted: readonly AbortedTransaction[]
  /** Whole batches, one behind the other. The first may begin below the offset asked for. */
  readonly batches: Buffer
}

export interface FetchState extends PartitionRef {
  readonly tag: number
  /** Offset of the next record; -1 with an error. */
  readonly nextOffset: number
  readonly highWatermark: number
  readonly logStartOffset: number
  /** When it is not null, nothing more comes until the partition is sought. */
  readonly error: SluiceError | null
}

export interface FetchListener {
  batches(event: FetchedBatches): void
  state(event: FetchState): void
  /** The broker lives, and had nothing to send for a while. */
  heartbeat(): void
  closed(error: SluiceError): void
}

/** A way to the brokers. Every call that fails rejects with a SluiceError. */
export interface Transport extends AdminCalls, GroupCalls, TransactionCalls, TransactionAdminCalls {
  openProduceStream(listener: ProduceListener): ProduceStream
  /** An identity that no producer has had. */
  initProducerId(timeoutMs: number): Promise<ProducerIdentity>
  openFetchStream(isolation: Isolation, listener: FetchListener): FetchStream
  /**
   * One result for each partition asked for, in that order.
   *
   * @param isolation with 'read_committed' a partition ends where the first open transaction begins
   */
  listOffsets(
    partitions: readonly PositionOf[],
    isolation: Isolation,
    timeoutMs: number,
  ): Promise<readonly PartitionOffsets[]>
  /** Ends all streams. Nothing may be called afterwards. */
  close(): void
}
