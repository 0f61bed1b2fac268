// Makes what is read follow what the group says: gives partitions up, takes new ones, and tells the
// user. One thing after the other; every wait has a bound.
//
//   revoke   hold back · wait until the reader is done with what it has · commit · onRevoked · forget
//   add      ask for the committed offsets · read from there, held back · onAssigned · let go
//   lost     forget · onLost

import type { Clock, Timer } from '../../../io/clock.ts'
import { SluiceError } from '../../errors.ts'
import { sleep } from '../../sleep.ts'
import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerSettings } from '../consumer-options.ts'
import type { Fetcher } from '../fetcher.ts'
import type { Hand } from '../hand.ts'
import { isUnplaced, noCommittedOffset, startOf } from './committed-start.ts'
import type { Committer } from './committer.ts'
import type { GroupSettings, RebalanceListener } from './group-options.ts'
import type { Change, MemberState } from './member-state.ts'
import type { PartitionSet } from './partition-set.ts'
import type { UnsettledReads } from './unsettled-reads.ts'

export interface RebalancerParts {
  readonly state: MemberState
  readonly fetcher: Fetcher
  readonly hand: Hand
  readonly unsettled: UnsettledReads | null
  readonly committer: Committer
  readonly clock: Clock
  readonly settings: ConsumerSettings
  readonly group: GroupSettings
  /** The coordinator has to hear of it. */
  readonly changed: () => void
}

export class Rebalancer {
  readonly #parts: RebalancerParts
  listener: RebalanceListener = {}
  /** Partitions that nobody knows where to read: they are held until they are sought. */
  readonly #unplaced = new Set<AssignedPartition>()
  #isRunning = false
  #isStopped = false
  /** Ends the wait for the reader. */
  #interrupt: () => void = () => {}
  #whenIdle: (() => void)[] = []

  constructor(parts: RebalancerParts) {
    this.#parts = parts
  }

  /** Does what there is to do. To be called when the state may have changed. */
  wake(): void {
    if (this.#parts.state.phase !== 'member') this.#interrupt()
    if (this.#isRunning || this.#isStopped) return
    this.#isRunning = true
    void this.#run()
  }

  /** Gives nothing of these out from now on. */
  hold(partitions: PartitionSet): void {
    for (const partition of this.assigned(partitions)) this.#parts.fetcher.hold(partition)
  }

  /** Those whose position says something. */
  placed(partitions: PartitionSet): readonly AssignedPartition[] {
    return this.assigned(partitions).filter((each) => !this.#unplaced.has(each))
  }

  assigned(partitions: PartitionSet): readonly AssignedPartition[] {
    return partitions.toArray().flatMap((ref) => this.#parts.fetcher.find(ref) ?? [])
  }

  /** The user has said where to read. */
  sought(partition: AssignedPartition): void {
    if (this.#unplaced.delete(partition)) this.#parts.fetcher.release(partition)
  }

  /** A new loop is told again of what it can't read. */
  loopBegins(): void {
    for (const partition of this.#unplaced) this.#tellUnplaced(partition)
  }

  /** Resolves when there is nothing to do, or nothing more will be done. */
  idle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** What runs ends at its next step; nothing new begins. */
  stop(): void {
    this.#isStopped = true
    this.#interrupt()
  }

  /** Calls back, and waits for as long as a rebalance may take. */
  async tell(callback: keyof RebalanceListener, partitions: PartitionSet): Promise<void> {
    const { listener } = this
    const call =
      callback === 'onLost' ? (listener.onLost ?? listener.onRevoked) : listener[callback]
    if (call === undefined || partitions.size === 0) return
    try {
      await this.#bounded(Promise.resolve(call(partitions.toArray())))
    } catch (cause) {
      const message = `${callback} failed: ${cause instanceof Error ? cause.message : String(cause)}`
      this.#parts.fetcher.tell(new SluiceError('CALLBACK_FAILED', {}, { message, cause }))
    }
  }

  /** Whoever reads is told of what no new try can help, and no rejoining. */
  failed(error: SluiceError): void {
    const isOfMembership = error.code === 'UNKNOWN_MEMBER_ID' || error.code === 'INVALID_STATE'
    const isFenced = error.code === 'FENCED_MEMBER_EPOCH' || error.code === 'STALE_MEMBER_EPOCH'
    if (isOfMembership || isFenced) this.#parts.changed()
    else if (!error.retriable) this.#parts.fetcher.tell(error)
  }

  async #run(): Promise<void> {
    const { state, settings, clock } = this.#parts
    for (;;) {
      const change = this.#isStopped ? null : state.change()
      if (change === null) break
      const { life } = state
      try {
        await this.#apply(change)
      } catch (error) {
        this.failed(SluiceError.from(error))
        if (state.life === life) await sleep(clock, settings.retryBackoffMaxMs)
      }
    }
    this.#isRunning = false
    this.#parts.fetcher.wake()
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }

  async #apply(change: Change): Promise<void> {
    switch (change.kind) {
      case 'lost':
        return await this.#lose(change.partitions)
      case 'revoke':
        return await this.#revoke(change.partitions)
      case 'add':
        return await this.#add(change.partitions)
    }
  }

  async #lose(partitions: PartitionSet): Promise<void> {
    const { state, changed } = this.#parts
    this.#forget(partitions)
    await this.tell('onLost', partitions)
    state.gaveUp()
    changed()
  }

  async #revoke(partitions: PartitionSet): Promise<void> {
    const { state, changed, group } = this.#parts
    const { life } = state
    this.hold(partitions)
    await this.#handsOff(partitions)
    if (state.life !== life || this.#isStopped) return
    if (group.enableAutoCommit) await this.#commitProcessed(partitions)
    if (state.life !== life || this.#isStopped) return
    await this.tell('onRevoked', partitions)
    this.#forget(partitions)
    state.released(partitions)
    changed()
  }

  async #add(partitions: PartitionSet): Promise<void> {
    const { state, fetcher, committer, settings, changed } = this.#parts
    const { life } = state
    const committed = await committer.fetch(partitions.toArray(), settings.requestTimeoutMs)
    if (this.#isStopped || !state.took(life, partitions)) return
    const starts = committed.map((each) => ({
      ...each,
      start: startOf(each, settings),
      held: true,
    }))
    fetcher.assign(starts)
    for (const each of committed) {
      if (!isUnplaced(each, settings)) continue
      this.#unplaced.add(fetcher.find(each)!)
      this.#tellUnplaced(fetcher.find(each)!)
    }
    await this.tell('onAssigned', partitions)
    if (state.life === life) {
      for (const partition of this.placed(partitions)) fetcher.release(partition)
    }
    changed()
  }

  #tellUnplaced(partition: AssignedPartition): void {
    const { fetcher, group } = this.#parts
    fetcher.fail(partition, noCommittedOffset(partition, group.groupId))
  }

  /** Waits until nothing of the partitions is with the reader, or it has had its time. */
  async #handsOff(partitions: PartitionSet): Promise<void> {
    const { hand } = this.#parts
    const isHeld = (): boolean => this.assigned(partitions).some((each) => hand.isHeld(each))
    if (!isHeld()) return
    const interrupted = new Promise<void>((resolve) => {
      this.#interrupt = resolve
    })
    const free = async (): Promise<void> => {
      while (isHeld()) await hand.freed()
    }
    await this.#bounded(Promise.race([free(), interrupted]))
  }

  async #commitProcessed(partitions: PartitionSet): Promise<void> {
    const { committer, settings } = this.#parts
    const due = committer.due(this.placed(partitions))
    try {
      await committer.commit(due, settings.requestTimeoutMs)
    } catch (error) {
      this.failed(SluiceError.from(error))
    }
  }

  #forget(partitions: PartitionSet): void {
    const assigned = this.assigned(partitions)
    for (const partition of assigned) {
      this.#unplaced.delete(partition)
      this.#parts.unsettled?.forget(partition)
    }
    this.#parts.committer.forget(partitions)
    this.#parts.fetcher.unassign(assigned)
  }

  async #bounded(work: Promise<void>): Promise<void> {
    const { clock, group } = this.#parts
    let timer: Timer | null = null
    const over = new Promise<void>((resolve) => {
      timer = clock.after(group.maxPollIntervalMs, resolve)
    })
    try {
      await Promise.race([work, over])
    } finally {
      ;(timer as Timer | null)?.cancel()
    }
  }
}
