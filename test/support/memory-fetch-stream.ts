// FetchStream over logs in memory: pushes batches while there is credit, as a broker does.

import { SluiceError } from '../../src/client/errors.ts'
import type {
  FetchListener,
  FetchStream,
  Isolation,
  PartitionRef,
  PartitionStart,
} from '../../src/client/transport.ts'
import type { MemoryLog } from './memory-log.ts'

/** Most bytes of batches in one message. */
const MESSAGE_BYTES = 64 * 1024

interface Assigned {
  readonly ref: PartitionRef
  tag: number
  /** Null after an error, until it is sought. */
  nextOffset: number | null
  paused: boolean
}

export class MemoryFetchStream implements FetchStream {
  /** Credit that is left. */
  creditBytes = 0
  /** All that was ever granted. */
  grantedBytes = 0
  /** Bytes of batches sent so far. */
  sentBytes = 0
  readonly #logOf: (topic: string, partition: number) => MemoryLog | null
  readonly #listener: FetchListener
  readonly #isolation: Isolation
  readonly #onEnd: () => void
  readonly #assigned = new Map<string, Assigned>()
  #ended = false

  constructor(
    logOf: (topic: string, partition: number) => MemoryLog | null,
    isolation: Isolation,
    listener: FetchListener,
    onEnd: () => void,
  ) {
    this.#logOf = logOf
    this.#isolation = isolation
    this.#listener = listener
    this.#onEnd = onEnd
  }

  assign(partitions: readonly PartitionStart[]): void {
    for (const start of partitions) {
      const { topic, partition, tag } = start
      const ref = { topic, partition }
      const assigned: Assigned = { ref, tag, nextOffset: null, paused: false }
      this.#assigned.set(nameOf(ref), assigned)
      this.#start(assigned, start)
    }
    this.pump()
  }

  unassign(partitions: readonly PartitionRef[]): void {
    for (const ref of partitions) this.#assigned.delete(nameOf(ref))
  }

  seek(start: PartitionStart): void {
    const assigned = this.#assigned.get(nameOf(start))
    if (assigned === undefined) return
    assigned.tag = start.tag
    this.#start(assigned, start)
    this.pump()
  }

  pause(partitions: readonly PartitionRef[]): void {
    for (const ref of partitions) this.#pause(ref, true)
  }

  resume(partitions: readonly PartitionRef[]): void {
    for (const ref of partitions) this.#pause(ref, false)
    this.pump()
  }

  credit(bytes: number): void {
    this.creditBytes += bytes
    this.grantedBytes += bytes
    this.pump()
  }

  cancel(): void {
    this.break()
  }

  break(error = new SluiceError('NETWORK_EXCEPTION')): void {
    queueMicrotask(() => {
      if (this.#ended) return
      this.#ended = true
      this.#onEnd()
      this.#listener.closed(error)
    })
  }

  heartbeat(): void {
    this.#later(() => this.#listener.heartbeat())
  }

  /** Tells of an error of a partition, as a broker does that lost its disk. */
  fail(ref: PartitionRef, error: SluiceError): void {
    const assigned = this.#assigned.get(nameOf(ref))
    if (assigned === undefined) return
    assigned.nextOffset = null
    this.#state(assigned, -1, error)
  }

  /** Sends what credit allows, one message a partition in turn. */
  pump(): void {
    for (let sent = true; sent && !this.#ended;) {
      sent = false
      for (const assigned of this.#assigned.values()) {
        if (this.creditBytes <= 0) return
        sent = this.#push(assigned) || sent
      }
    }
  }

  #push(assigned: Assigned): boolean {
    const { ref, tag, nextOffset, paused } = assigned
    const log = this.#logOf(ref.topic, ref.partition)
    const endOffset = log?.endFor(this.#isolation) ?? 0
    if (paused || nextOffset === null || log === null || nextOffset >= endOffset) return false
    const { bytes, nextOffset: after } = log.read(nextOffset, MESSAGE_BYTES, endOffset)
    const aborted = log.abortedIn(nextOffset, this.#isolation === 'read_committed' ? after : 0)
    assigned.nextOffset = after
    this.creditBytes -= bytes.byteLength
    this.sentBytes += bytes.byteLength
    const { endOffset: highWatermark, logStartOffset } = log
    const event = { ...ref, tag, highWatermark, logStartOffset, aborted, batches: bytes }
    this.#later(() => this.#listener.batches(event))
    return true
  }

  #start(assigned: Assigned, start: PartitionStart): void {
    const log = this.#logOf(start.topic, start.partition)
    if (log === null) {
      this.#state(assigned, -1, new SluiceError('UNKNOWN_TOPIC_OR_PARTITION'))
      return
    }
    const offset = log.startOf(start.start, log.endFor(this.#isolation))
    if (offset < log.logStartOffset || offset > log.endOffset) {
      const facts = { logStartOffset: log.logStartOffset, highWatermark: log.endOffset }
      assigned.nextOffset = null
      this.#state(assigned, -1, new SluiceError('OFFSET_OUT_OF_RANGE', facts))
      return
    }
    assigned.nextOffset = offset
    this.#state(assigned, offset, null)
  }

  #state({ ref, tag }: Assigned, nextOffset: number, error: SluiceError | null): void {
    const log = this.#logOf(ref.topic, ref.partition)
    const highWatermark = log?.endOffset ?? -1
    const logStartOffset = log?.logStartOffset ?? -1
    const event = { ...ref, tag, nextOffset, highWatermark, logStartOffset, error }
    this.#later(() => this.#listener.state(event))
  }

  #pause(ref: PartitionRef, paused: boolean): void {
    const assigned = this.#assigned.get(nameOf(ref))
    if (assigned !== undefined) assigned.paused = paused
  }

  #later(event: () => void): void {
    queueMicrotask(() => {
      if (!this.#ended) event()
    })
  }
}

function nameOf({ topic, partition }: PartitionRef): string {
  return `${topic}-${partition}`
}
