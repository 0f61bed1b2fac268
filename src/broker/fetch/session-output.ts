// What a fetch session has to say to its sink, beside batches: states, refusals, heartbeats. Held
// back while the sink takes nothing, and bounded: of each partition only the last state is due.

import type { Clock, Timer } from '../../io/clock.ts'
import type { FetchSink, PartitionState, PushedBatches } from '../fetch-sink.ts'
import type { SessionPartition } from './session-partition.ts'

export class SessionOutput {
  readonly #sink: FetchSink
  readonly #clock: Clock
  readonly #heartbeatMs: number
  /** Partitions whose state event is due. */
  readonly #announcing = new Set<SessionPartition>()
  /** Answers to commands that were refused. */
  #refusals: PartitionState[] = []
  #open = true
  #sentMs: number
  #heartbeat: Timer

  /** @param heartbeatMs silence after which a heartbeat is sent */
  constructor(sink: FetchSink, clock: Clock, heartbeatMs: number) {
    this.#sink = sink
    this.#clock = clock
    this.#heartbeatMs = heartbeatMs
    this.#sentMs = clock.monotonicMs()
    this.#heartbeat = clock.after(heartbeatMs, () => this.#beat())
  }

  /** True when batches may be sent: the sink takes them, and no state has to go before them. */
  get mayPush(): boolean {
    return this.#open && this.#announcing.size === 0
  }

  get refusalCount(): number {
    return this.#refusals.length
  }

  /** A state event of the partition is due, as it will be when it is sent. */
  announce(partition: SessionPartition): void {
    this.#announcing.add(partition)
  }

  /** No state event of the partition is due any more. */
  withdraw(partition: SessionPartition): void {
    this.#announcing.delete(partition)
  }

  refuse(state: PartitionState): void {
    this.#refusals.push(state)
  }

  /** The sink takes more, after it had returned false. */
  resume(): void {
    this.#open = true
  }

  sendStates(): void {
    while (this.#open) {
      const refusal = this.#refusals.shift()
      if (refusal === undefined) break
      this.#sent(this.#sink.state(refusal))
    }
    for (const partition of this.#announcing) {
      if (!this.#open) break
      this.#announcing.delete(partition)
      this.#sent(this.#sink.state(partition.state()))
    }
  }

  sendBatches(event: PushedBatches): void {
    this.#sent(this.#sink.batches(event))
  }

  /** The sink is not called any more. */
  close(): void {
    this.#open = false
    this.#heartbeat.cancel()
    this.#announcing.clear()
    this.#refusals = []
  }

  #sent(mayGoOn: boolean): void {
    this.#sentMs = this.#clock.monotonicMs()
    // A sink that closes the session from within has closed this, too.
    if (!mayGoOn) this.#open = false
  }

  /** One timer, that looks at when something was last sent and is set for when silence would end. */
  #beat(): void {
    const idleMs = this.#clock.monotonicMs() - this.#sentMs
    const due = idleMs >= this.#heartbeatMs
    this.#heartbeat = this.#clock.after(due ? this.#heartbeatMs : this.#heartbeatMs - idleMs, () =>
      this.#beat(),
    )
    if (!due || !this.#open) return
    this.#sentMs = this.#clock.monotonicMs()
    this.#sink.heartbeat(this.#clock.now())
  }
}
