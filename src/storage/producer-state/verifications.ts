// Guards of first batches. Before the first batch of a transaction is appended here, the coordinator is
// asked whether the transaction has this partition. Between the question and the append a marker may
// come: what the coordinator has said is then of a transaction that is over.
//
//   begin ─► guard ─► the coordinator says yes ─► append, with the guard ─► the transaction is open
//              └──── a marker of the producer clears it: the append is refused
//
// Source: KIP-890, part 1; apache/kafka, VerificationStateEntry.java.

/** Stands for one question to the coordinator. Only the one that was given last is good. */
export interface VerificationGuard {
  readonly producerId: number
}

/** What is to be verified. */
export interface VerificationRequest {
  readonly producerId: number
  readonly producerEpoch: number
  /** Of the batch; -1 when its records are not counted. */
  readonly baseSequence: number
  /** Each transaction of the producer has an epoch of its own (transaction version 2). */
  readonly bumpsEpochs: boolean
}

/** A guard, with what the batches have said that were verified under it. */
interface HeldGuard extends VerificationGuard {
  producerEpoch: number
  /** Smallest sequence of the epoch that was to be verified: a first batch may not begin behind it. */
  lowestSequence: number
  readonly bumpsEpochs: boolean
  readonly sinceMs: number
}

/** Guards that a log keeps. The oldest goes, and the append that has it is refused. */
const MAX_GUARDS = 20_000

/** A guard is for one request, which waits for the coordinator's answer. */
const GUARD_MS = 3_600_000

export class Verifications {
  readonly #guards = new Map<number, HeldGuard>()

  /** The guard of the producer's next first batch. */
  begin(request: VerificationRequest, nowMs: number): VerificationGuard {
    const { producerId, producerEpoch, baseSequence, bumpsEpochs } = request
    const held = this.#guards.get(producerId)
    if (held === undefined) {
      this.#expire(nowMs)
      if (this.#guards.size >= MAX_GUARDS) this.#guards.delete(this.#guards.keys().next().value!)
      const lowestSequence = baseSequence
      const guard = { producerId, producerEpoch, lowestSequence, bumpsEpochs, sinceMs: nowMs }
      this.#guards.set(producerId, guard)
      return guard
    }
    // Requests of one connection may be verified in another order than they were sent in.
    const isNewer = producerEpoch > held.producerEpoch
    const isLower = producerEpoch === held.producerEpoch && baseSequence < held.lowestSequence
    if (isNewer || isLower) held.lowestSequence = baseSequence
    if (isNewer) held.producerEpoch = producerEpoch
    return held
  }

  /** @returns what the guard was given for; null when it is not, or no more, the producer's guard */
  held(producerId: number, guard: VerificationGuard | null): Readonly<HeldGuard> | null {
    const held = this.#guards.get(producerId)
    return held !== undefined && held === guard ? held : null
  }

  /** A batch or a marker of the producer was appended. */
  clear(producerId: number): void {
    this.#guards.delete(producerId)
  }

  /** Drops guards with which nobody will come any more. They stand in the order of their time. */
  #expire(nowMs: number): void {
    for (const [producerId, { sinceMs }] of this.#guards) {
      if (nowMs - sinceMs < GUARD_MS) return
      this.#guards.delete(producerId)
    }
  }
}
