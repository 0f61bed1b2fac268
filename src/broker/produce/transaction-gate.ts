// Lets records of transactions in. A partition in which the producer's transaction is not open yet asks the
// coordinator first, so that nothing that comes late begins a transaction that nobody will end (KIP-890).
//
//   transaction is open in the partition          ─► appended, nobody is asked
//   first batch, client adds partitions itself    ─► was it added?          ─┐
//   first batch, client of version 2              ─► it is added now        ─┴─► appended, with the guard
//
// The guard was taken before the question: a marker that comes between makes it worthless.
// Source: apache/kafka, ReplicaManager.handleProduceAppend and AddPartitionsToTxnManager.

import { BrokerError, type ErrorCode } from '../../base/errors.ts'
import { partitionName } from '../../base/topic-partition.ts'
import type { ProducerIdentity } from '../../coordination/transaction/messages.ts'
import {
  attributesOf,
  baseSequenceOf,
  isTransactional,
  producerEpochOf,
  producerIdOf,
} from '../../record/batch-header.ts'
import { BATCH_HEADER_BYTES } from '../../record/layout.ts'
import type { Partition, VerificationGuard } from '../../replication/partition.ts'
import type { Caller } from '../caller.ts'
import type { TransactionService } from '../transaction-service.ts'

/** Whose transaction the batches of a request are part of, where they are part of one. */
export interface ProduceTransaction {
  readonly transactionalId: string
  /** See AdmitRequest. */
  readonly adds: boolean
}

export interface TransactionGateOptions {
  readonly transactions: Pick<TransactionService, 'admit'>
  readonly partitions: {
    /** @throws BrokerError when the partition is not here, or can't be used */
    partition(topic: string, partition: number): Pick<Partition, 'beginVerification'>
  }
  /** transaction.partition.verification.enable */
  readonly verifies: boolean
}

interface GatedBatch {
  readonly topic: string
  readonly partition: number
  readonly batch: Buffer
}

type Verdict = VerificationGuard | BrokerError

/** What was said of first batches, by their slots in the request. */
export type Verdicts = ReadonlyMap<number, Verdict>

/** First batches of a request, each with its guard. */
interface Question {
  readonly producer: ProducerIdentity
  readonly guards: Map<number, VerificationGuard>
  readonly refused: Map<number, BrokerError>
}

/** How often a coordinator is asked for one request: there is one transaction before, and one marker. */
const MAX_QUESTIONS = 3

export class TransactionGate {
  readonly #options: TransactionGateOptions

  constructor(options: TransactionGateOptions) {
    this.#options = options
  }

  /**
   * @returns null when nobody has to be asked: all batches may be appended now. Else what was said of
   *   first batches, never rejecting
   */
  ask(
    caller: Caller,
    transaction: ProduceTransaction,
    batches: readonly GatedBatch[],
  ): Promise<Verdicts> | Verdicts | null {
    const question = this.#questionOf(transaction, batches)
    if (question === null) return null
    const { guards, refused } = question
    const asks = guards.size > 0 && (transaction.adds || this.#options.verifies)
    if (!asks) return new Map<number, Verdict>([...guards, ...refused])
    return this.#verdicts(caller, transaction, batches, question)
  }

  /** Takes a guard for each batch that may be the first of its transaction; null when there is none. */
  #questionOf(
    { adds: bumpsEpochs }: ProduceTransaction,
    batches: readonly GatedBatch[],
  ): Question | null {
    let question: Question | null = null
    for (const [slot, { topic, partition, batch }] of batches.entries()) {
      if (batch.byteLength < BATCH_HEADER_BYTES || !isTransactional(attributesOf(batch))) continue
      const producer = { producerId: producerIdOf(batch), producerEpoch: producerEpochOf(batch) }
      const baseSequence = baseSequenceOf(batch)
      try {
        const guard = this.#options.partitions
          .partition(topic, partition)
          .beginVerification({ ...producer, baseSequence, bumpsEpochs })
        if (guard === null) continue
        question ??= { producer, guards: new Map(), refused: new Map() }
        if (isSame(question.producer, producer)) question.guards.set(slot, guard)
        else question.refused.set(slot, twoProducers())
      } catch (error) {
        // The append meets the same, and answers.
        if (!(error instanceof BrokerError)) throw error
      }
    }
    return question
  }

  /**
   * Asks, and asks again where the answer took so long that the transaction before has ended meanwhile:
   * its marker has made the guards worthless.
   */
  async #verdicts(
    caller: Caller,
    transaction: ProduceTransaction,
    batches: readonly GatedBatch[],
    first: Question,
  ): Promise<Verdicts> {
    let question = first
    for (let asked = 1; ; asked++) {
      const verdicts = await this.#askOnce(caller, transaction, batches, question)
      const isAdmitted = [...verdicts.values()].some((each) => !(each instanceof BrokerError))
      if (!isAdmitted || asked === MAX_QUESTIONS) return verdicts
      const again = this.#questionOf(transaction, batches)
      if (again === null || areHeld(again.guards, question.guards)) return verdicts
      question = again
    }
  }

  async #askOnce(
    caller: Caller,
    { transactionalId, adds }: ProduceTransaction,
    batches: readonly GatedBatch[],
    { producer, guards, refused }: Question,
  ): Promise<Verdicts> {
    const asked = new Map([...guards.keys()].map((slot) => [partitionName(batches[slot]!), slot]))
    const partitions = [...asked.values()].map((slot) => {
      const { topic, partition } = batches[slot]!
      return { topic, partition }
    })
    const request = { transactionalId, ...producer, partitions, adds }
    const outcomes = await this.#options.transactions.admit(caller, request)
    const errors = new Map(outcomes.map((outcome) => [partitionName(outcome), outcome.error]))
    const verdicts = new Map<number, Verdict>(refused)
    for (const [slot, guard] of guards) {
      const error = errors.get(partitionName(batches[slot]!)) ?? null
      verdicts.set(slot, error === null ? guard : asProduceError(error, adds))
    }
    return verdicts
  }
}

/** True when the guards that a partition gives now are those that it gave before. */
function areHeld(
  now: ReadonlyMap<number, VerificationGuard>,
  before: ReadonlyMap<number, VerificationGuard>,
): boolean {
  return [...now].every(([slot, guard]) => before.get(slot) === guard)
}

function isSame(a: ProducerIdentity, b: ProducerIdentity): boolean {
  return a.producerId === b.producerId && a.producerEpoch === b.producerEpoch
}

function twoProducers(): BrokerError {
  const message = 'The batches of a request are of more than one producer'
  return new BrokerError('INVALID_PRODUCER_ID_MAPPING', { message })
}

/** What a coordinator says, as a producer knows it of a partition. */
const PRODUCE_ERRORS: Partial<Record<ErrorCode, ErrorCode>> = {
  PRODUCER_FENCED: 'INVALID_PRODUCER_EPOCH',
  // To be tried again, which older clients know of this one. It does not make them look for the leader.
  CONCURRENT_TRANSACTIONS: 'NOT_ENOUGH_REPLICAS',
  COORDINATOR_LOAD_IN_PROGRESS: 'NOT_ENOUGH_REPLICAS',
  COORDINATOR_NOT_AVAILABLE: 'NOT_ENOUGH_REPLICAS',
  NOT_COORDINATOR: 'NOT_ENOUGH_REPLICAS',
}

function asProduceError(error: BrokerError, adds: boolean): BrokerError {
  const code = PRODUCE_ERRORS[error.code]
  if (code === undefined) return error
  // Clients that add by the way meet it whenever the transaction before still ends, and know it.
  if (adds && error.code === 'CONCURRENT_TRANSACTIONS') return error
  const message = `The transaction could not be verified now: ${error.code}`
  return new BrokerError(code, code === 'NOT_ENOUGH_REPLICAS' ? { message } : error.facts, error)
}
