// Deadlines by key, as data: the coordinator asks which is the next and what has come due.
//
// A binary heap of (deadline, key) over a map of what holds now. Sessions are put off with every
// heartbeat, so a later deadline only changes the map: its old entry in the heap is put right when it
// comes up. An earlier deadline gets an entry of its own.

import assert from 'node:assert'

interface Entry<E> {
  deadlineMs: number
  event: E
  /** Deadline of the entry in the heap that stands for this key. */
  queuedMs: number
}

interface Slot {
  readonly deadlineMs: number
  readonly order: number
  readonly key: string
}

export class TimerTable<E> {
  readonly #entries = new Map<string, Entry<E>>()
  readonly #heap: Slot[] = []
  #order = 0

  get size(): number {
    return this.#entries.size
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Sets a deadline, in place of the key's earlier one. @param deadlineMs monotonic milliseconds */
  set(key: string, deadlineMs: number, event: E): void {
    const entry = this.#entries.get(key)
    if (entry !== undefined && entry.queuedMs <= deadlineMs) {
      entry.deadlineMs = deadlineMs
      entry.event = event
      return
    }
    this.#entries.set(key, { deadlineMs, event, queuedMs: deadlineMs })
    this.#push({ deadlineMs, order: this.#order++, key })
  }

  cancel(key: string): void {
    this.#entries.delete(key)
  }

  /** The deadline to wake up for: at or before the first that is set. Null when there is none. */
  nextMs(): number | null {
    this.#settle()
    return this.#heap[0]?.deadlineMs ?? null
  }

  /** Takes out one event whose deadline is at or before `nowMs`, the earliest first. */
  popDue(nowMs: number): E | null {
    this.#settle()
    const first = this.#heap[0]
    if (first === undefined || first.deadlineMs > nowMs) return null
    this.#pop()
    const entry = this.#entries.get(first.key)
    assert(entry !== undefined)
    this.#entries.delete(first.key)
    return entry.event
  }

  /** Makes the top of the heap tell the truth. */
  #settle(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      const entry = this.#entries.get(top.key)
      const stale = entry === undefined || entry.queuedMs !== top.deadlineMs
      if (!stale && entry.deadlineMs === top.deadlineMs) return
      this.#pop()
      if (stale) continue
      entry.queuedMs = entry.deadlineMs
      this.#push({ deadlineMs: entry.deadlineMs, order: this.#order++, key: top.key })
    }
  }

  #push(slot: Slot): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(slot)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(slot, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = slot
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Slot, b: Slot): boolean {
  return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.order < b.order)
}
