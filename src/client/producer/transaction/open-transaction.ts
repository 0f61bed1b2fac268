// A transaction while it is open: what goes wrong in it, and the offsets that are added to it.

import { SluiceError } from '../../errors.ts'
import type { SluiceErrorCode } from '../../errors.ts'
import type { OffsetToCommit } from '../../group-calls.ts'
import type { OffsetSource } from '../../offset-source.ts'
import type { Transport } from '../../transport.ts'
import type { ProducerSettings } from '../producer-options.ts'
import { insistOr } from './insist.ts'
import type { InsistParts } from './insist.ts'
import type { TransactionSequencer } from './transaction-sequencer.ts'

export interface OpenTransactionParts extends InsistParts {
  readonly transport: Transport
  readonly settings: ProducerSettings
}

/** The coordinator knows a later epoch of the member than the consumer, which hears of it soon. */
const EPOCH_IS_OLD = new Set<SluiceErrorCode>(['STALE_MEMBER_EPOCH', 'ILLEGAL_GENERATION'])

export class OpenTransaction {
  readonly #parts: OpenTransactionParts
  readonly #sequencer: TransactionSequencer
  readonly #adding = new Set<Promise<void>>()
  readonly #whenCommitted: (() => void)[] = []
  readonly #failed = Promise.withResolvers<never>()
  readonly #cancelled = Promise.withResolvers<never>()
  #failure: SluiceError | null = null
  #isOpen = true

  constructor(parts: OpenTransactionParts, sequencer: TransactionSequencer) {
    this.#parts = parts
    this.#sequencer = sequencer
    this.#failed.promise.catch(() => {})
    this.#cancelled.promise.catch(() => {})
  }

  /** Why it can't be committed; null while it can. */
  get failure(): SluiceError | null {
    return this.#failure
  }

  /** To be called when it is. */
  committed(): void {
    for (const tell of this.#whenCommitted) tell()
  }

  /** Nothing can be added any more. */
  close(): void {
    this.#isOpen = false
  }

  /** It can't be committed. Does nothing when that was said before. */
  readonly fail = (error: unknown): void => {
    this.#failure ??= SluiceError.from(error)
    this.#failed.reject(this.#failure)
  }

  /** As `fail`, and whoever works in it is not waited for. */
  cancel(error: SluiceError): void {
    this.fail(error)
    this.#cancelled.reject(error)
  }

  /** What `work` gives. @throws SluiceError when the transaction fails first */
  async orFailed<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#failed.promise])
  }

  /** What `work` gives. @throws SluiceError when the transaction is cancelled first */
  async orCancelled<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#cancelled.promise])
  }

  /** Why nothing can be added; null while it can. */
  get refusal(): SluiceError | null {
    if (this.#failure !== null) return this.#failure
    if (this.#isOpen) return null
    return new SluiceError('INVALID_STATE', {}, { message: 'The transaction is over' })
  }

  /**
   * Adds offsets of a group.
   *
   * @param offsets default: of everything that the source gave out
   * @throws SluiceError, and then the transaction has failed
   */
  addOffsets(source: OffsetSource, offsets: readonly OffsetToCommit[] | undefined): Promise<void> {
    const adding = this.#addOffsets(source, offsets)
    this.#adding.add(adding)
    const settled = (): void => void this.#adding.delete(adding)
    adding.then(settled, (error: unknown) => {
      settled()
      this.fail(error)
    })
    return adding
  }

  /** Resolves when all offsets are added. @throws SluiceError */
  async offsetsAdded(): Promise<void> {
    await Promise.all(this.#adding)
  }

  /** Resolves when none are being added, whatever came of it. */
  async offsetsSettled(): Promise<void> {
    await Promise.allSettled(this.#adding)
  }

  async #addOffsets(
    source: OffsetSource,
    offsets: readonly OffsetToCommit[] | undefined,
  ): Promise<void> {
    if (this.refusal !== null) throw this.refusal
    const { transport, settings } = this.#parts
    const mayPass = ({ retriable, code }: SluiceError): boolean => {
      return this.#failure === null && (retriable || EPOCH_IS_OLD.has(code))
    }
    const producer = this.#sequencer.transaction!
    let wanted = offsets
    const addOnce = async (timeoutMs: number): Promise<void> => {
      // Asked each time: the member has another epoch by now, or lost a partition.
      const { caller, offsets: taken, committed } = source.take(wanted)
      if (taken.length === 0) return
      wanted = taken
      this.#sequencer.begun()
      const added = transport.addOffsetsToTransaction(producer, caller, taken, timeoutMs)
      for (const { error, topic, partition } of await added) {
        if (error !== null) throw error.with({ topic, partition })
      }
      this.#whenCommitted.push(committed)
    }
    await insistOr(this.#parts, settings.maxBlockMs, addOnce, mayPass)
  }
}
