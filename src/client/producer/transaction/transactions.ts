// The transactions of a producer, one after the other.
//
//            begin                 work is done, all is stored        coordinator: committed
//   ready ──────────► open ───────────────────────────────────► ending ──────────────────────► ready
//     ▲  init           │  work throws, or a record is refused                                   ▲
//     │                 └──────────► what waits is dropped, what is in flight is awaited ────────┤
//   stale ◄─── nobody has said how it ended ◄─── coordinator: aborted ───────────────────────────┘
//     │
//     └─ init as who it is ─► ready, or failed: another producer has the transactional id
//
// Nothing is ever told to have been aborted that may have been committed: while a commit stays without an
// answer it is asked for again, and if nobody answers in time, that is what is told. Source: KIP-98,
// KIP-360 and KIP-890; apache/kafka, TransactionManager.java.

import type { Clock } from '../../../io/clock.ts'
import type { RandomSource } from '../../../io/random.ts'
import { SluiceError } from '../../errors.ts'
import type { SluiceErrorCode } from '../../errors.ts'
import type { Transport } from '../../transport.ts'
import type { TransactionalProducer, TransactionOutcome } from '../../transaction-calls.ts'
import type { ProducerSettings } from '../producer-options.ts'
import type { SequencingListener } from '../sequences.ts'
import { insist, insistOr } from './insist.ts'
import type { Insisted, InsistParts } from './insist.ts'
import { OpenTransaction } from './open-transaction.ts'
import { TransactionSequencer } from './transaction-sequencer.ts'

/** The transactional id is another producer's, or was forgotten. */
const GONE = new Set<SluiceErrorCode>(['PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING'])

export interface TransactionsParts {
  readonly transport: Transport
  readonly settings: ProducerSettings
  readonly transactionalId: string
  readonly clock: Clock
  readonly random: RandomSource
  /** Resolves when every record that was sent has its outcome, and has told it. */
  readonly flush: () => Promise<void>
  /** Rejects every record without an outcome, and resolves when nothing is in flight. */
  readonly drop: (error: SluiceError) => Promise<void>
}

export class Transactions {
  readonly sequencer: TransactionSequencer
  readonly #parts: TransactionsParts
  /** Null before the first. */
  #producer: TransactionalProducer | null = null
  /** Only the coordinator can say how it stands with the transaction that was. */
  #isStale = false
  /** Why there can be no other. */
  #failure: SluiceError | null = null
  #open: OpenTransaction | null = null
  /** Settled when what was run last is over. Never rejects. */
  #running: Promise<void> = Promise.resolve()
  #isClosed = false

  /** @param listener of the sequencer; `refused` is for this */
  constructor(parts: TransactionsParts, listener: Omit<SequencingListener, 'refused'>) {
    this.#parts = parts
    this.sequencer = new TransactionSequencer(
      parts.clock,
      async (producer, partitions, isWanted) => {
        const { transport, settings } = parts
        const add = (timeoutMs: number): Promise<void> => {
          return transport.addToTransaction(producer, partitions, timeoutMs)
        }
        const mayPass = ({ retriable }: SluiceError): boolean => retriable && isWanted()
        await insistOr(this.#insistParts, settings.deliveryTimeoutMs, add, mayPass)
      },
      { ...listener, refused: (error) => this.#notAdmitted(error) },
    )
  }

  /** Why there can be no further transaction; null while there can be one. */
  get failure(): SluiceError | null {
    return this.#failure
  }

  /**
   * Runs `work` in a transaction, and ends that.
   *
   * @throws whatever `work` throws · SluiceError why it was aborted, or how it may have ended
   */
  async run<T>(work: (open: OpenTransaction) => Promise<T>): Promise<T> {
    this.#checkMayBegin()
    const open = new OpenTransaction({ ...this.#parts, ...this.#insistParts }, this.sequencer)
    this.#open = open
    const ran = this.#run(open, work)
    this.#running = ran.then(
      () => {},
      () => {},
    )
    return await ran
  }

  /** Aborts what is open. Resolves when that is done, or can't be. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#open?.cancel(closed())
    await this.#running
  }

  async #run<T>(open: OpenTransaction, work: (open: OpenTransaction) => Promise<T>): Promise<T> {
    try {
      this.sequencer.begin(await this.#identify())
      const value = await this.#work(open, work)
      if (this.sequencer.hasBegun) await this.#commit()
      open.committed()
      return value
    } finally {
      open.close()
      this.sequencer.end()
      this.#open = null
    }
  }

  /** Until everything is with the brokers. What fails before is aborted. */
  async #work<T>(open: OpenTransaction, work: (open: OpenTransaction) => Promise<T>): Promise<T> {
    try {
      if (open.failure !== null) throw open.failure
      const value = await open.orCancelled(work(open))
      open.close()
      await open.orFailed(Promise.all([this.#parts.flush(), open.offsetsAdded()]))
      return value
    } catch (error) {
      open.close()
      const reason = open.failure ?? SluiceError.from(error)
      this.#noteFailure(reason)
      open.fail(reason)
      await open.offsetsSettled()
      await this.#abort(reason)
      // It was refused as an old epoch: whose is the new one?
      const isTold = error === reason && reason.code === 'INVALID_PRODUCER_EPOCH'
      throw (isTold ? this.#failure : null) ?? error
    }
  }

  async #commit(): Promise<void> {
    const ended = await this.#end('commit', this.#parts.settings.deliveryTimeoutMs)
    if (ended.error === null) return
    const { error, isUnknown } = ended
    this.#noteFailure(error)
    if (!isUnknown) {
      await this.#abort(error)
      throw error.code === 'INVALID_TXN_STATE' ? this.#isOver(error) : error
    }
    this.#isStale = true
    const { transactionalId } = this.#parts
    const message = `No answer says whether the transaction was committed; the last: ${error.message}`
    const details = { message, cause: error }
    throw new SluiceError('TRANSACTION_OUTCOME_UNKNOWN', { transactionalId }, details)
  }

  /** Ends the transaction for the reason given. Never rejects: whoever is next finds out. */
  async #abort(reason: SluiceError): Promise<void> {
    const { settings, drop, transactionalId } = this.#parts
    const message = `The transaction was aborted: ${reason.message}`
    const facts = { transactionalId }
    await drop(new SluiceError('TRANSACTION_ABORTED', facts, { message, cause: reason }))
    await this.sequencer.quiet()
    if (!this.sequencer.hasBegun || this.#failure !== null) return
    const ended = await this.#end('abort', settings.maxBlockMs)
    // In version 1 the epoch is the same, and there may be gaps in its sequences.
    this.#isStale = ended.error !== null || this.#producer!.version === 1
    if (ended.error !== null) this.#noteFailure(ended.error)
  }

  async #end(
    outcome: TransactionOutcome,
    limitMs: number,
  ): Promise<Insisted<TransactionalProducer>> {
    const producer = this.#producer!
    const ended = await insist(this.#insistParts, limitMs, (timeoutMs) => {
      return this.#parts.transport.endTransaction(producer, outcome, timeoutMs)
    })
    if (ended.error === null) this.#producer = ended.value
    return ended
  }

  /** Who the producer is, as far as the coordinator agrees. @throws SluiceError */
  async #identify(): Promise<TransactionalProducer> {
    const { transport, settings, transactionalId } = this.#parts
    const current = this.#producer
    if (current !== null && !this.#isStale) return current
    const { transactionTimeoutMs } = settings
    const given = await insist(this.#insistParts, settings.maxBlockMs, (timeoutMs) => {
      const request = { transactionalId, transactionTimeoutMs, current }
      return transport.initTransactions(request, timeoutMs)
    })
    if (given.error !== null) {
      const { error } = given
      this.#noteFailure(
        // It has asked to go on as who it was.
        error.code === 'INVALID_PRODUCER_EPOCH' && current !== null ? fenced(error) : error,
      )
      throw this.#failure ?? error
    }
    this.#producer = given.value
    this.#isStale = false
    return given.value
  }

  /** A partition can't be part of the transaction: what waits for that would wait in vain. */
  #notAdmitted(error: SluiceError): void {
    this.#open?.fail(error)
    void this.#parts.drop(error)
  }

  /** The coordinator has ended the transaction before. */
  #isOver(cause: SluiceError): SluiceError {
    const { transactionTimeoutMs } = this.#parts.settings
    const message = 'The transaction is not open any more: was it open for too long?'
    const facts = { ...cause.facts, transactionTimeoutMs }
    return new SluiceError(cause.code, facts, { message, cause })
  }

  #noteFailure(error: SluiceError): void {
    if (GONE.has(error.code)) this.#failure ??= error
  }

  #checkMayBegin(): void {
    if (this.#isClosed) throw closed()
    if (this.#failure !== null) throw this.#failure
    if (this.#open === null) return
    const message = 'The producer is in a transaction already: one comes after the other'
    throw new SluiceError('INVALID_STATE', {}, { message })
  }

  get #insistParts(): InsistParts {
    const { clock, random, settings } = this.#parts
    const { requestTimeoutMs, retryBackoffMs, retryBackoffMaxMs } = settings
    return { clock, random, requestTimeoutMs, retryBackoffMs, retryBackoffMaxMs }
  }
}

function fenced(cause: SluiceError): SluiceError {
  return new SluiceError('PRODUCER_FENCED', cause.facts, { cause })
}

function closed(): SluiceError {
  return new SluiceError('CLOSED', {}, { message: 'The producer was closed' })
}
